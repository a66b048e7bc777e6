"""A mail server in a thread: enough of SMTP to take mails, or to refuse them."""

import contextlib
import socketserver
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class MailServer:
    port: int = 0
    recipient: str = "250 OK"  # the answer to RCPT TO
    mails: list[str] = field(default_factory=list)


@contextlib.contextmanager
def taking_mails() -> Iterator[MailServer]:
    taken = MailServer()

    class Handler(socketserver.StreamRequestHandler):
        def say(self, line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

        def handle(self) -> None:
            self.say("220 test")
            while line := self.rfile.readline().decode().strip():
                verb = line[:4].upper()
                if verb == "DATA":
                    self.say("354 go on")
                    taken.mails.append(self.read_mail())
                self.say({"RCPT": taken.recipient, "QUIT": "221 bye"}.get(verb, "250 OK"))
                if verb == "QUIT":
                    return

        def read_mail(self) -> str:
            lines = []
            while (line := self.rfile.readline().decode()) != ".\r\n":
                lines.append(line)
            return "".join(lines)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        taken.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield taken
        finally:
            server.shutdown()
