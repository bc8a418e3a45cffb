"""Starts the local system for `.ci/schemathesis` and `.ci/clients`."""
import os, re, subprocess, sys, tempfile, threading
from pathlib import Path

import requests

ROOT = Path(__file__).resolve().parent.parent


class System:
    """The local system. Ended by its process id, whatever happens."""

    def __enter__(self):
        settings = os.environ | {
            "LINK_RETURN_ORIGINS": "https://play.example.com,mygame:",
            "PLAYER_LOGIN_URL": "https://accounts.studio.example/login",
            "CHECK_MIN_INTERVAL_SECONDS": "0",
            "DEVICE_LINKING": "on",
        }
        command = ["cargo", "run", "--quiet", "-p", "local", "--locked", "--", "--port", "0"]
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=settings, text=True,
            stdout=subprocess.PIPE, stderr=self.log, start_new_session=True,
        )
        introduction = ""
        for line in self.process.stdout:
            introduction += line
            if line.startswith("Ctrl-C ends"):
                break
        else:
            self.stop(failed=True)
            sys.exit("the local system did not start")
        threading.Thread(target=self.process.stdout.read, daemon=True).start()
        found = lambda pattern: re.search(pattern, introduction).group(1)
        self.api = found(r"The API +(\S+)")
        self.amazon = found(r"Amazon, stand-in +(\S+)/")
        self.player, self.server = found(r"PLAYER=(\S+)"), found(r"SERVER=(\S+)")
        return self

    def __exit__(self, kind, *_):
        self.stop(failed=kind not in (None, SystemExit))

    def stop(self, failed):
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if failed:
            self.log.seek(0)
            sys.stderr.write(self.log.read().decode(errors="replace")[-4000:])

    def control(self, verb, body):
        answer = requests.post(f"{self.amazon}/_control/{verb}", json=body, timeout=30)
        answer.raise_for_status()
        return answer.json() if answer.content else None
