"""A stand-in for the Hugging Face hub on 127.0.0.1: repositories in memory, behind the hub's HTTP API."""

import base64
import hashlib
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOKEN = "hf_of_a_test_only"


class StandIn:
    """The server; `with StandIn() as hub` starts it.

    It keeps what was sent in `repos` ({id: {"private", "files", "sha"}}) and what was asked for in `requests`.
    """

    def __init__(self) -> None:
        self.repos: dict[str, dict] = {}
        self.requests: list[str] = []
        stand_in = self

        class Handler(_Handler):
            hub = stand_in

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self) -> "StandIn":
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *exc) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def add(self, name: str, *, private: bool = False, **files: bytes) -> None:
        """Put a repository there; `__` in a name is its dot."""
        self.repos[name] = {"private": private, "files": {}, "sha": ""}
        self.commit(name, {key.replace("__", "."): content for key, content in files.items()})

    def commit(self, name: str, files: dict[str, bytes]) -> str:
        repo = self.repos[name]
        repo["files"] |= files
        content = b"".join(key.encode() + value for key, value in sorted(repo["files"].items()))
        repo["sha"] = hashlib.sha1(content).hexdigest()
        return repo["sha"]


class _Handler(BaseHTTPRequestHandler):
    hub: StandIn
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments) -> None:
        pass

    @property
    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    @property
    def known(self) -> bool:
        return self.headers.get("Authorization") == f"Bearer {TOKEN}"

    def reply(self, code: int, content: object = None, **headers: str) -> None:
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(code)
        length = headers.pop("Length", None) or str(len(data))
        for name, value in {"Content-Length": length, **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def missing(self) -> None:
        self.reply(404, {"error": "Repository not found"}, X_Error_Code="RepoNotFound")

    def repo(self, name: str) -> dict | None:
        found = self.hub.repos.get(name)
        return found if found and (self.known or not found["private"]) else None

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        self.hub.requests.append(f"{self.command} {self.path}")
        path = self.path.partition("?")[0]
        if match := re.fullmatch(r"/api/models/([^/]+/[^/]+)(?:/revision/([^/]+))?", path):
            return self.info(*match.groups())
        if match := re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path):
            return self.file(*match.groups())
        self.reply(404, {"error": "no such page"})

    def info(self, name: str, revision: str | None) -> None:
        repo = self.repo(name)
        if repo is None:
            return self.missing()
        if revision not in (None, "main", repo["sha"]):
            return self.reply(404, {"error": "Invalid rev id"}, X_Error_Code="RevisionNotFound")
        siblings = [{"rfilename": file} for file in repo["files"]]
        self.reply(200, {"id": name, "sha": repo["sha"], "private": repo["private"], "siblings": siblings})

    def file(self, name: str, revision: str, file: str) -> None:
        repo = self.repo(name)
        if repo is None:
            return self.missing()
        if file not in repo["files"]:
            return self.reply(404, {"error": "Entry not found"}, X_Error_Code="EntryNotFound")
        content = repo["files"][file]
        etag = f'"{hashlib.sha1(content).hexdigest()}"'
        self.reply(200, content, ETag=etag, X_Repo_Commit=repo["sha"], Length=str(len(content)))

    def do_POST(self) -> None:
        self.hub.requests.append(f"POST {self.path}")
        body = self.body
        if self.path == "/api/validate-yaml":
            return self.reply(200, {"errors": [], "warnings": []})
        if not self.known:
            return self.reply(401, {"error": "Invalid username or password."})
        if self.path == "/api/repos/create":
            asked = json.loads(body)
            name = "/".join(filter(None, [asked.get("organization") or "ada", asked["name"]]))
            if name in self.hub.repos:
                return self.reply(409, {"error": "You already created this model repo", "url": name})
            private = asked.get("private") or asked.get("visibility") == "private"
            self.hub.add(name, private=bool(private))
            return self.reply(200, {"url": f"{self.hub.url}/{name}", "name": name, "id": "1"})
        if match := re.fullmatch(r"/api/models/([^/]+/[^/]+)/preupload/main", self.path.partition("?")[0]):
            files = [
                {"path": one["path"], "uploadMode": "regular", "shouldIgnore": False, "oid": None}
                for one in json.loads(body)["files"]
            ]
            return self.reply(200, {"files": files})
        if match := re.fullmatch(r"/api/models/([^/]+/[^/]+)/commit/main", self.path.partition("?")[0]):
            return self.committed(match[1], body)
        self.reply(404, {"error": "no such page"})

    def committed(self, name: str, body: bytes) -> None:
        lines = [json.loads(line) for line in body.splitlines()]
        files = {
            line["value"]["path"]: base64.b64decode(line["value"]["content"])
            for line in lines
            if line["key"] == "file"
        }
        sha = self.hub.commit(name, files)
        url = f"{self.hub.url}/{name}/commit/{sha}"
        self.reply(200, {"success": True, "commitOid": sha, "commitUrl": url, "hookOutput": ""})
