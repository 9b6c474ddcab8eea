"""The one error of this service that a person must act on before it can run."""


class ConfigurationError(Exception):
    """A part of the unit cannot be loaded; the message says which, and what to do."""
