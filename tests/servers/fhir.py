"""FHIR servers on loopback: a real one, and one that stands before it and misbehaves."""

import json
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from servers.certificate import Certificate

HOST = "127.0.0.1"
TOKEN = "a-token-for-tests"
FHIR_JSON = "application/fhir+json"


@dataclass(frozen=True, kw_only=True)
class FhirServer:
    """A FHIR server that listens; what we ask here, tests ask of it, not the product."""

    base_url: str
    client: httpx.Client = field(repr=False, compare=False)

    def read(self, reference: str) -> dict[str, Any] | None:
        """Return a resource, None where there is none or no longer."""
        answer = self._get(reference)
        return None if answer.status_code in {404, 410} else answer.json()

    def versions(self, reference: str) -> int:
        """Count the versions of a resource that there have ever been, deletions too."""
        return self.history(reference)[1]

    def history(self, reference: str) -> tuple[dict[str, Any] | None, int]:
        """Return a resource as it is now, None where it is gone, and how many versions it had."""
        told = self._get(f"{reference}/_history").json()
        return told["entry"][0].get("resource") if told["total"] else None, int(told["total"])

    def found(self, search: str) -> list[str]:
        """Return the references that a search finds."""
        listed = self._get(search).json().get("entry", [])
        resources = [each["resource"] for each in listed if each["search"]["mode"] == "match"]
        return [f"{each['resourceType']}/{each['id']}" for each in resources]

    def put(self, resource: Mapping[str, Any]) -> None:
        """Change a resource behind the product's back."""
        path = f"{resource['resourceType']}/{resource['id']}"
        self.client.put(path, json=resource).raise_for_status()

    def delete(self, reference: str) -> None:
        """Delete a resource behind the product's back."""
        self.client.delete(reference).raise_for_status()

    def _get(self, path: str) -> httpx.Response:
        return self.client.get(path)


@contextmanager
def sekmet(folder: Path, **changes: object) -> Iterator[FhirServer]:
    """Run the FHIR server sekmet in a process of its own, with a database in a folder."""
    port = _free_port()
    base_url = f"http://{HOST}:{port}/fhir"
    settings = {
        "base_url": base_url,
        "host": HOST,
        "port": port,
        "db_path": str(folder / "fhir.db"),
        "data_dir": str(folder),
        "simulator": {"enabled": False},
        "server_auth": {"types": ["bearer"], "tokens": [TOKEN]},
        "log_inbound": False,
        **changes,
    }
    config = folder / "settings.yaml"
    config.write_text(json.dumps(settings))  # JSON is YAML too
    log = (folder / "log").open("wb")
    start = "from sekmet.cli import app; app()"
    command = [sys.executable, "-c", start, "serve", "--config", str(config)]
    process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=subprocess.STDOUT)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    try:
        with httpx.Client(
            base_url=base_url, headers=headers, trust_env=False, timeout=30
        ) as client:
            _wait_for(client, process)
            yield FhirServer(base_url=base_url, client=client)
    finally:
        process.terminate()
        process.wait(10)
        log.close()


@dataclass(frozen=True, kw_only=True)
class Says:
    """What a server answers of its own; `body` may be JSON or text."""

    status: int = 200
    body: object = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = FHIR_JSON


class Deed:
    """What a server does instead of answering."""

    PASS_ON = "pass on"
    CUT_BEFORE = "hang up before anything is done"
    CUT_AFTER = "hang up when all is done, and say nothing"
    HALF_AN_ANSWER = "hang up in the middle of the answer"
    SLEEP_AFTER = "do all, and then say nothing for too long"
    SLEEP_INSTEAD = "do nothing, and say nothing for too long"
    LATE = "do all once the other side has given up"
    NO_HTTP = "answer what is no HTTP"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def bundle(self) -> dict[str, Any]:
        """The Bundle that was posted."""
        return json.loads(self.body)


class Between(ThreadingHTTPServer):
    """Stands before a server and does to each request what a plan says; then it passes all on.

    `behaves` may also be set to what is done to every request for which the plan is silent.
    """

    daemon_threads = True

    def __init__(
        self, upstream: FhirServer | None = None, *, certificate: Certificate | None = None
    ) -> None:
        super().__init__((HOST, 0), _Handler)
        self.scheme = "http"
        if certificate is not None:
            self.scheme = "https"
            tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            tls.load_cert_chain(certificate.certificate, certificate.key)
            self.socket = tls.wrap_socket(self.socket, server_side=True)
        self.upstream = upstream
        self.plan: list[str | Says] = []
        self.behaves: str | Says = Deed.PASS_ON
        self.asked: list[Asked] = []
        self.released = threading.Event()
        self.given_up = threading.Event()
        self.late: list[threading.Event] = []

    @property
    def base_url(self) -> str:
        """Where it listens."""
        return f"{self.scheme}://{HOST}:{self.server_address[1]}/fhir"

    @property
    def transactions(self) -> list[dict[str, Any]]:
        """The transactions that came."""
        bundles = [each.bundle for each in self.asked if each.method == "POST"]
        return [each for each in bundles if each["type"] == "transaction"]

    def next_deed(self) -> str | Says:
        """Say what happens to the request that is there now."""
        return self.plan.pop(0) if self.plan else self.behaves

    def give_up(self) -> None:
        """Let what is late be done, and wait for it."""
        self.given_up.set()
        for done in self.late:
            done.wait(10)
        self.given_up.clear()

    def handle_error(self, request: object, client_address: object) -> None:
        """Keep quiet about clients that hang up."""


@contextmanager
def between(
    upstream: FhirServer | None = None, *, certificate: Certificate | None = None
) -> Iterator[Between]:
    """Run a server that misbehaves before another, or without one."""
    server = Between(upstream, certificate=certificate)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        server.given_up.set()
        server.shutdown()
        thread.join(10)
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Between

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(method=self.command, path=self.path, headers=headers, body=body)
        self.server.asked.append(asked)
        deed = self.server.next_deed()
        if isinstance(deed, Says):
            text = deed.body if isinstance(deed.body, str) else json.dumps(deed.body)
            self._answer(deed.status, {"Content-Type": deed.content_type, **deed.headers}, text)
            return
        if deed == Deed.NO_HTTP:
            self.wfile.write(b"220 mail.example.org ESMTP\r\n\r\n")
        if deed == Deed.SLEEP_INSTEAD:
            self.server.released.wait(30)
        if deed in {Deed.CUT_BEFORE, Deed.NO_HTTP, Deed.SLEEP_INSTEAD}:
            self._hang_up()
            return
        if deed == Deed.LATE:
            status, kind, content = self._late(asked)
        else:
            status, kind, content = self._upstream(asked)
        if deed == Deed.SLEEP_AFTER:
            self.server.released.wait(30)
        if deed in {Deed.CUT_AFTER, Deed.SLEEP_AFTER, Deed.LATE}:
            self._hang_up()
            return
        if deed == Deed.HALF_AN_ANSWER:
            self._answer(status, {"Content-Type": kind}, content, keep_back=len(content) // 2)
            self._hang_up()
            return
        self._answer(status, {"Content-Type": kind}, content)

    def _late(self, asked: Asked) -> tuple[int, str, str]:
        done = threading.Event()
        self.server.late.append(done)
        self.server.given_up.wait(30)
        try:
            return self._upstream(asked)
        finally:
            done.set()

    def _upstream(self, asked: Asked) -> tuple[int, str, str]:
        if self.server.upstream is None:
            return 500, "text/plain", "there is nobody behind me"
        target = urlsplit(self.server.upstream.base_url)
        connection = HTTPConnection(target.hostname or "", target.port, timeout=30)
        passed_on = {name: each for name, each in asked.headers.items() if name != "host"}
        try:
            connection.request(asked.method, asked.path, asked.body or None, passed_on)
            answer = connection.getresponse()
            return answer.status, answer.headers["Content-Type"], answer.read().decode()
        finally:
            connection.close()

    def _answer(
        self, status: int, headers: Mapping[str, str], text: str, *, keep_back: int = 0
    ) -> None:
        content = text.encode()
        self.send_response_only(status)
        self.send_header("Date", headers.get("Date", self.date_time_string()))
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            if name != "Date":
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content[: len(content) - keep_back])

    def _hang_up(self) -> None:
        self.wfile.flush()
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *args: object) -> None:
        """Keep quiet."""


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as free:
        return int(free.getsockname()[1])


def _wait_for(client: httpx.Client, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise RuntimeError("the FHIR server ended at once: read the log beside its settings")
        with suppress(httpx.TransportError):
            client.get("metadata").raise_for_status()
            return
        time.sleep(0.1)
    raise TimeoutError("the FHIR server does not answer")
