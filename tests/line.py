"""A process that stands in the line of trainings: python tests/line.py; told what to do by its standard input."""

from __future__ import annotations

import sys

from unet_explorer.learning.places import Ticket


def main() -> None:
    """Draw a ticket, say its number, and answer `before` until the input ends."""
    ticket = Ticket(1)
    print(ticket.number, flush=True)
    for line in sys.stdin:
        match line.strip():
            case "before":
                print(ticket.before(), flush=True)
            case "drop":
                ticket.drop()
                print("dropped", flush=True)


if __name__ == "__main__":
    main()
