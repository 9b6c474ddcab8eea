"""What people are told, in memory: a fake each for tickets and notices."""

from release_assets.ports import ChangeTickets, Notifier


class MemoryTickets(ChangeTickets):
    """Comments in a dictionary, by release and dedup."""

    def __init__(self):
        self._comments = {}

    def comment(self, release, headline, text, dedup):
        self._comments.setdefault(release, {}).setdefault(dedup, f"{headline}\n{text}")

    def read(self, release):
        return "\n".join(self._comments.get(release, {}).values())


class MemoryNotifier(Notifier):
    """Notices in a dictionary, by dedup."""

    def __init__(self):
        self._notices = {}

    def deliver(self, notice):
        self._notices.setdefault(notice.dedup, notice)

    def read(self):
        return "\n".join(f"{n.channel} {n.headline}\n{n.text}" for n in self._notices.values())
