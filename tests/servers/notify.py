"""GOV.UK Notify on loopback, as far as we speak with it: its checks, and what it remembers.

Its own API checks keys with the same functions of its client. What it says word for word is from
its documentation and its public source.
"""

import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

from notifications_python_client.authentication import decode_jwt_token, get_token_issuer
from notifications_python_client.errors import TokenError, TokenExpiredError

HOST = "127.0.0.1"
SERVICE = "11111111-2222-4333-8444-555555555555"
SECRET = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"
KEY = f"a-key-for-tests-{SERVICE}-{SECRET}"
WAITING = "0f3a1c5e-0000-4000-8000-000000000001"
NOTHING = "0f3a1c5e-0000-4000-8000-000000000002"
TEXT = "0f3a1c5e-0000-4000-8000-000000000003"
EMAIL_FIELDS = {"email_address", "template_id", "personalisation", "reference"}
ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
PLACEHOLDER = re.compile(r"\(\(([^)?]+)(?:\?\?[^)]*)?\)\)")


@dataclass(kw_only=True)
class Template:
    """A template that somebody set up."""

    body: str = "There is a notice of ((notice_date)) for you: ((where))."
    type: str = "email"
    deleted: bool = False

    @property
    def placeholders(self) -> list[str]:
        """What must be given to fill it."""
        return sorted(set(PLACEHOLDER.findall(self.body)))


@dataclass(kw_only=True)
class Email:
    """An email that was taken."""

    id: str
    to: str
    reference: str | None
    template_id: str
    body: str
    personalisation: Mapping[str, str]
    status: str = "created"


class Refused(Exception):
    """What is answered instead."""

    def __init__(self, status: int, error: str, message: str) -> None:
        super().__init__(message)
        self.status, self.error, self.message = status, error, message


@dataclass(kw_only=True)
class Notify:
    """What Notify holds for a service. `team` are those that it may send to, None for anybody."""

    templates: dict[str, Template] = field(
        default_factory=lambda: {
            WAITING: Template(),
            NOTHING: Template(body="Nothing to do. ((contact))"),
            TEXT: Template(type="sms"),
        }
    )
    emails: list[Email] = field(default_factory=list)
    team: set[str] | None = None
    in_trial_mode: bool = False
    sends_emails: bool = True
    page_size: int = 250
    base_url: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, reference: str) -> list[Email]:
        """Return the emails that were taken under a reference."""
        return [each for each in self.emails if each.reference == reference]

    def answer(self, method: str, target: str, token: str, body: bytes) -> tuple[int, Any]:
        """Answer a request."""
        parts = urlsplit(target)
        try:
            self.check(token)
            with self.lock:
                match method, parts.path.split("/")[1:]:
                    case "POST", ["v2", "notifications", "email"]:
                        return 201, self.take(json.loads(body))
                    case "GET", ["v2", "notifications"]:
                        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
                        return 200, self.page(asked)
                    case "GET", ["v2", "templates"]:
                        kept = [each for each, it in self.templates.items() if not it.deleted]
                        return 200, {"templates": [self.shown(each) for each in kept]}
                    case "GET", ["v2", "template", template_id]:
                        return 200, self.shown(template_id)
        except Refused as refused:
            error = {"error": refused.error, "message": refused.message}
            return refused.status, {"status_code": refused.status, "errors": [error]}
        return 404, {"result": "error", "message": "The requested URL was not found"}

    def check(self, header: str) -> None:
        """Insist on a token that was signed with our secret a moment ago."""
        token = header.removeprefix("Bearer ")
        try:
            if token == header or get_token_issuer(token) != SERVICE:
                raise Refused(403, "AuthError", "Invalid token: service not found")
            decode_jwt_token(token, SECRET)
        except TokenExpiredError:
            message = "Error: Your system clock must be accurate to within 30 seconds"
            raise Refused(403, "AuthError", message) from None
        except TokenError:
            raise Refused(403, "AuthError", "Invalid token: API key not found") from None

    def take(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Take an email, and say what was made of it."""
        for name in ("email_address", "template_id"):
            if name not in asked:
                raise Refused(400, "ValidationError", f"{name} is a required property")
        if more := asked.keys() - EMAIL_FIELDS:
            raise Refused(400, "ValidationError", f"Additional properties: {sorted(more)}")
        to, given = asked["email_address"], asked.get("personalisation", {})
        if not self.sends_emails:
            raise Refused(400, "BadRequestError", "Service is not allowed to send emails")
        if not ADDRESS.fullmatch(to):
            raise Refused(400, "ValidationError", "email_address Not a valid email address")
        template = self.fitting(asked["template_id"])
        if missing := [each for each in template.placeholders if each not in given]:
            names = ", ".join(missing)
            raise Refused(400, "BadRequestError", f"Missing personalisation: {names}")
        self.insist_on_recipient(to)
        body = PLACEHOLDER.sub(lambda found: given[found[1]], template.body)
        email = Email(
            id=str(uuid4()),
            to=to,
            reference=asked.get("reference"),
            template_id=asked["template_id"],
            body=body,
            personalisation=given,
        )
        self.emails.append(email)
        return {
            "id": email.id,
            "reference": email.reference,
            "content": {"subject": "A notice", "body": body, "from_email": "a@example.org"},
            "uri": f"{self.base_url}/v2/notifications/{email.id}",
            "template": {"id": email.template_id, "version": 1, "uri": "..."},
            "scheduled_for": None,
        }

    def fitting(self, template_id: str) -> Template:
        """Return an email template."""
        try:
            UUID(template_id)
        except ValueError:
            raise Refused(400, "ValidationError", "template_id is not a valid UUID") from None
        template = self.templates.get(template_id)
        if template is None:
            raise Refused(400, "BadRequestError", "Template not found")
        if template.type != "email":
            message = f"{template.type} template is not suitable for email notification"
            raise Refused(400, "BadRequestError", message)
        if template.deleted:
            raise Refused(400, "BadRequestError", "Template has been deleted")
        return template

    def insist_on_recipient(self, to: str) -> None:
        """Refuse whom a team's key or a service on trial may not send to."""
        if self.team is None or to in self.team:
            return
        how = "when service is in trial mode - see https://www.notifications.service.gov.uk"
        how = how if self.in_trial_mode else "using a team-only API key"
        raise Refused(
            400,
            "BadRequestError",
            f"Can\N{RIGHT SINGLE QUOTATION MARK}t send to this recipient {how}",
        )

    def page(self, asked: dict[str, str]) -> dict[str, Any]:
        """Return a page of what is remembered, the newest first."""
        kept = [
            each
            for each in reversed(self.emails)
            if asked.get("template_type", "email") == "email"
            and asked.get("reference", each.reference) == each.reference
        ]
        ids = [each.id for each in kept]
        start = ids.index(asked["older_than"]) + 1 if "older_than" in asked else 0
        shown = kept[start : start + self.page_size]
        links = {"current": f"{self.base_url}/v2/notifications"}
        if shown:
            links["next"] = f"{self.base_url}/v2/notifications?older_than={shown[-1].id}"
        return {"notifications": [self.remembered(each) for each in shown], "links": links}

    def remembered(self, email: Email) -> dict[str, Any]:
        """Return an email as it is listed."""
        return {
            "id": email.id,
            "reference": email.reference,
            "email_address": email.to,
            "phone_number": None,
            "type": "email",
            "status": email.status,
            "template": {"id": email.template_id, "version": 1, "uri": "..."},
            "body": email.body,
            "subject": "A notice",
        }

    def shown(self, template_id: str) -> dict[str, Any]:
        """Return a template as it is shown."""
        template = self.templates.get(template_id)
        if template is None:
            raise Refused(404, "NoResultFound", "No result found")
        return {
            "id": template_id,
            "type": template.type,
            "created_by": "somebody@example.org",
            "version": 1,
            "body": template.body,
            "subject": "A notice",
            "name": "Notice",
            "personalisation": {each: {"required": True} for each in template.placeholders},
        }


@contextmanager
def notify() -> Iterator[Notify]:
    """Run Notify with an empty memory."""
    held = Notify()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self.serve()

        def do_POST(self) -> None:
            self.serve()

        def serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            token = self.headers.get("Authorization", "")
            status, answer = held.answer(self.command, self.path, token, body)
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer((HOST, 0), Handler)
    server.daemon_threads = True
    held.base_url = f"http://{HOST}:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield held
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()
