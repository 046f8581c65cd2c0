"""Why the demo does not start or does not go on; the sentences are in the texts."""


class DemoRefused(Exception):
    """The demo will not do this: `code` names the sentence, `facts` fill it."""

    def __init__(self, code: str, **facts: object) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts


class ChildFailed(Exception):
    """A process of the demo ended badly; `lines` are the last ones it wrote."""

    def __init__(self, command: str, *, status: int | None, lines: str) -> None:
        super().__init__(command)
        self.command = command
        self.status = status
        self.lines = lines
