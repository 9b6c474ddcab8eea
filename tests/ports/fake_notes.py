"""What people are told, in memory: a fake each for tickets and notices."""

from release_assets.ports import ChangeTickets, Notice, Notifier


class MemoryTickets(ChangeTickets):
    """Comments in a dictionary, by release and dedup."""

    def __init__(self) -> None:
        self._comments: dict[str, dict[str, str]] = {}

    def comment(self, release: str, headline: str, text: str, dedup: str) -> None:
        self._comments.setdefault(release, {}).setdefault(dedup, f"{headline}\n{text}")

    def read(self, release: str) -> str:
        return "\n".join(self._comments.get(release, {}).values())


class MemoryNotifier(Notifier):
    """Notices in a dictionary, by dedup."""

    def __init__(self) -> None:
        self._notices: dict[str, Notice] = {}

    def deliver(self, notice: Notice) -> None:
        self._notices.setdefault(notice.dedup, notice)

    def read(self) -> str:
        return "\n".join(f"{n.channel} {n.headline}\n{n.text}" for n in self._notices.values())
