"""Gives content once per webhook-id. WEBHOOK_SECRET is the delivery_webhook_secret."""
import base64, hashlib, hmac, json, os, sqlite3, time, traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEY = base64.b64decode(os.environ["WEBHOOK_SECRET"].removeprefix("whsec_"))
DATABASE = os.environ.get("DATABASE", "inventory.db")


class Refused(Exception):
    """A decision and not a fault: this must never be delivered."""


def open_database():
    return sqlite3.connect(DATABASE, timeout=4)


def is_signed(headers, body):
    sent = headers.get("webhook-timestamp", "")
    if not sent.isdecimal() or abs(time.time() - int(sent)) > 300:
        return False  # too old: perhaps a replay
    message = f"{headers.get('webhook-id', '')}.{sent}.".encode() + body
    right = base64.b64encode(hmac.new(KEY, message, hashlib.sha256).digest()).decode()
    given = headers.get("webhook-signature", "").split()
    return any(hmac.compare_digest(f"v1,{right}".encode(), one.encode()) for one in given)


def give_once(webhook_id, data):
    database = open_database()
    try:
        with database:  # one transaction: all of it, or nothing
            new = database.execute("INSERT OR IGNORE INTO given VALUES (?)", (webhook_id,))
            if new.rowcount == 1:
                closed = "SELECT 1 FROM closed_accounts WHERE player = ?"
                if database.execute(closed, (data["player_id"],)).fetchone():
                    raise Refused("the account is closed")
                for item in data["content"]["items"]:
                    row = (data["player_id"], item["id"], item["amount"])
                    database.execute("INSERT INTO inventory VALUES (?, ?, ?)", row)
    finally:
        database.close()


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(min(int(self.headers.get("content-length") or 0), 65536))
        if not is_signed(self.headers, body):
            return self.answer(401)
        try:
            event = json.loads(body)
            # Any other type, such as "test", is answered with 2xx, and gives nothing.
            if event["type"] == "entitlement.deliver":
                give_once(self.headers["webhook-id"], event["data"])
        except Refused as refusal:
            return self.answer(422, {"refused": True, "reason": str(refusal)})
        except Exception:
            traceback.print_exc()
            return self.answer(500)  # our fault; nothing is written, and the service calls again
        self.answer(204)

    def answer(self, status, body=None):
        self.send_response(status)
        if body is not None:
            self.send_header("content-type", "application/json")
        self.end_headers()
        if body is not None:
            self.wfile.write(json.dumps(body).encode())


with open_database() as database:
    database.execute("CREATE TABLE IF NOT EXISTS given (webhook_id TEXT PRIMARY KEY)")
    database.execute("CREATE TABLE IF NOT EXISTS closed_accounts (player TEXT PRIMARY KEY)")
    database.execute("CREATE TABLE IF NOT EXISTS inventory (player TEXT, item TEXT, amount INTEGER)")
server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "8091"))), Receiver)
print("receiving on port", server.server_port, flush=True)
server.serve_forever()
