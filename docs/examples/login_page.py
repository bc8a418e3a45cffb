"""The login page for players who come from the Prime Gaming page."""
import hmac, json, os, secrets, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit
from urllib.request import Request, urlopen

API = os.environ["API"]                    # the stack's output ApiUrl
SERVER_TOKEN = os.environ["SERVER_TOKEN"]  # yours: a fresh JWT with the scope prime-gaming:server
ORIGIN = os.environ["ORIGIN"]              # the origin of this page, as browsers see it
SECURE = ORIGIN.startswith("https:")
COOKIE = "__Host-visit" if SECURE else "visit"  # __Host-: no other host can set it
VISITS = {}                                # yours: a store that all your servers share

FORM = """<!doctype html><html lang="en"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><title>Log in</title><h1>Log in</h1><p role="status">%s</p>
<form method="post"><input type="hidden" name="form_token" value="%s">
<p><label>Name <input name="name" autocomplete="username"></label>
<p><label>Password <input name="password" type="password" autocomplete="current-password"></label>
<p><button>Log in</button></form>"""

def same(a, b):
    return hmac.compare_digest(a.encode(), b.encode())

def player_of(name, password):             # yours: the player's id and name, or None
    return ("player-1", "Robin") if name == "robin" and same(password, "open sesame") else None

def tell_prime_gaming(login_ticket, player_id, player_name):
    body = {"login_ticket": login_ticket, "player_id": player_id, "player_name": player_name}
    headers = {"Authorization": f"Bearer {SERVER_TOKEN}", "Content-Type": "application/json"}
    request = Request(f"{API}/v1/link/login", json.dumps(body).encode(), headers)
    with urlopen(request, timeout=30) as answer:
        return json.load(answer)["continue_url"]

class LoginPage(BaseHTTPRequestHandler):
    def do_GET(self):
        url = urlsplit(self.path)
        if ticket := parse_qs(url.query).get("login_ticket"):  # move it from the address into a visit
            for old in [visit for visit, kept in VISITS.copy().items() if kept["end"] < time.time()]:
                VISITS.pop(old, None)
            visit, form_token = secrets.token_urlsafe(), secrets.token_urlsafe()
            VISITS[visit] = {"ticket": ticket[0], "form_token": form_token, "end": time.time() + 600}
            cookie = f"{COOKIE}={visit}; Path=/; Max-Age=600; HttpOnly; SameSite=Lax{'; Secure' * SECURE}"
            return self.answer(303, Location=f"{ORIGIN}/login", Set_Cookie=cookie)
        _, visit = self.visit()
        if url.path != "/login" or not visit:
            return self.answer(400, "Please start again at Prime Gaming.")
        self.answer(200, FORM % ("", visit["form_token"]))

    def do_POST(self):
        length = int(self.headers.get("Content-Length") or 0)
        form = parse_qs(self.rfile.read(min(length, 10_000)).decode(errors="replace"))
        field = lambda name: form.get(name, [""])[0]
        key, visit = self.visit()
        # Login CSRF: only our own form, in the browser that got it, can log this browser in.
        if not visit or self.headers.get("Origin") != ORIGIN or not same(field("form_token"), visit["form_token"]):
            return self.answer(403, "Please start again at Prime Gaming.")
        player = player_of(field("name"), field("password"))  # yours: and limit the number of tries
        if not player:
            return self.answer(200, FORM % ("That is not right.", visit["form_token"]))
        VISITS.pop(key, None)              # yours: the player's session begins here, under a new id
        try:
            self.answer(303, Location=tell_prime_gaming(visit["ticket"], *player))
        except OSError as error:           # 400: the ticket is used or too old; 429: too many attempts
            print("POST /v1/link/login:", error, flush=True)
            self.answer(502, "That did not work. Please start again at Prime Gaming.")

    def visit(self):
        pairs = (pair.strip().partition("=") for pair in self.headers.get("Cookie", "").split(";"))
        key = next((value for name, _, value in pairs if name == COOKIE), "")
        visit = VISITS.get(key)
        return (key, visit) if visit and visit["end"] > time.time() else (key, None)

    def answer(self, status, text="", **headers):
        self.send_response(status)
        policy = f"default-src 'none'; form-action 'self' {API}; frame-ancestors 'none'; base-uri 'none'"
        headers |= {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store",
                    "Content-Security-Policy": policy, "Referrer-Policy": "same-origin"}
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):             # the default prints the address with the ticket
        pass

server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "8090"))), LoginPage)
print(f"listening on port {server.server_port}", flush=True)
server.serve_forever()
