//! Odd events: what a hostile or broken client can make API Gateway hand to a function, and what no
//! gateway should. The integration tests send them to the handlers, the tests of the local system
//! to the binaries through the Lambda Runtime API.

use serde_json::{Value, json};

/// A word that stands in every odd value. No log may hold it.
pub const MARK: &str = "hush-7f3a";

/// An event, and how it must be answered.
#[derive(Clone, Debug)]
pub struct Odd {
    /// What is odd about it.
    pub name: String,
    /// The event as Lambda sends it.
    pub payload: String,
    /// The status of the answer; where it is open, anything but a 5xx will do.
    pub status: Option<u16>,
}

/// Every odd event, as a variation of `GET /v1/link` with this good token of a player.
#[must_use]
pub fn events(token: &str) -> Vec<Odd> {
    let mut found = Found {
        token: token.to_owned(),
        all: Vec::new(),
    };
    headers(&mut found);
    authorization(&mut found);
    cookies_and_query(&mut found);
    route(&mut found);
    context(&mut found);
    body(&mut found);
    whole(&mut found);
    found.all
}

struct Found {
    token: String,
    all: Vec<Odd>,
}

impl Found {
    fn good(&self) -> Value {
        json!({
            "version": "2.0",
            "routeKey": "GET /v1/link",
            "rawPath": "/v1/link",
            "rawQueryString": "",
            "headers": {"authorization": format!("Bearer {}", self.token)},
            "requestContext": {
                "domainName": "api.execute-api.us-east-1.amazonaws.com",
                "http": {"method": "GET", "path": "/v1/link", "sourceIp": "192.0.2.1"},
                "requestId": "request-1",
                "stage": "$default",
                "timeEpoch": 1_769_851_800_000_i64,
            },
            "isBase64Encoded": false,
        })
    }

    /// The good event with `value` at this place.
    fn put(&mut self, place: &[&str], value: Value, status: Option<u16>) {
        let mut event = self.good();
        let name = format!("{} = {value}", place.join("."));
        let mut at = &mut event;
        for part in place {
            at = &mut at[*part];
        }
        *at = value;
        self.text(&name, event.to_string(), status);
    }

    fn text(&mut self, name: &str, payload: String, status: Option<u16>) {
        self.all.push(Odd {
            name: name.to_owned(),
            payload,
            status,
        });
    }
}

fn headers(found: &mut Found) {
    for odd in [
        "\0",
        "\u{1}",
        "\u{7}",
        "\u{8}",
        "\t",
        "\n",
        "\r",
        "\r\n",
        "\u{b}",
        "\u{c}",
        "\u{1b}[31m",
        "\u{1f}",
        "\u{7f}",
        "\u{80}",
        "\u{85}",
        "\u{9f}",
        "é",
        "\u{1F3AE}",
        "\u{feff}",
        "\u{202e}",
        "\"",
        "\\",
        " ",
    ] {
        let value = format!("{MARK}{odd}{MARK}");
        found.put(&["headers", "x-odd"], value.into(), Some(200));
        found.put(
            &["headers", "origin"],
            format!("{odd}{MARK}").into(),
            Some(200),
        );
    }
    found.put(&["headers", "x-odd"], "".into(), Some(200));
    found.put(&["headers", "x-odd"], MARK.repeat(20_000).into(), Some(200));
    for name in [
        "",
        " ",
        "a b",
        "é",
        "x\0",
        "x\n",
        "x:y",
        "X-Odd",
        "(x)",
        "authorization ",
        "host",
        "x-forwarded-proto",
        "x-amzn-trace-id",
        "content-length",
        "transfer-encoding",
    ] {
        found.put(&["headers", name], MARK.into(), Some(200));
    }
    found.put(&["headers", &"x".repeat(70_000)], MARK.into(), Some(200));
    for value in [
        json!(null),
        json!(7),
        json!(true),
        json!([MARK]),
        json!({MARK: MARK}),
    ] {
        found.put(&["headers", "x-odd"], value, Some(200));
    }
    for value in [
        json!(null),
        json!(7),
        json!(MARK),
        json!([MARK]),
        json!([[MARK, MARK]]),
    ] {
        found.put(&["headers"], value, Some(401));
    }
}

fn authorization(found: &mut Found) {
    let token = found.token.clone();
    for value in [
        format!("Bearer {token}\0"),
        format!("\nBearer {token}"),
        format!("Bearer {token}\r\nx-odd: {MARK}"),
        format!("Bearer\t{token}"),
        format!("Bearer {token} é"),
        format!("Bearer {token},Bearer {token}"),
        format!("Bearer {MARK}\u{1}"),
        token.clone(),
    ] {
        found.put(&["headers", "authorization"], value.into(), Some(401));
    }
    for value in [
        json!(null),
        json!(7),
        json!([format!("Bearer {token}")]),
        json!({}),
    ] {
        found.put(&["headers", "authorization"], value, Some(401));
    }
}

fn cookies_and_query(found: &mut Found) {
    for value in [
        json!(null),
        json!(7),
        json!({MARK: MARK}),
        json!(MARK),
        json!([null]),
        json!([7, [MARK]]),
        json!(["", "=", ";"]),
        json!([format!("a={MARK}\0")]),
        json!([format!("a={MARK}\n"), "b=1"]),
        json!([format!("é={MARK}")]),
    ] {
        found.put(&["cookies"], value, Some(200));
    }
    for value in [
        json!(null),
        json!(7),
        json!([MARK]),
        json!("%"),
        json!("%zz&%00=%ff"),
        json!(format!("a={MARK}\0")),
        json!(format!("a={MARK}\n#{MARK}")),
        json!(format!("é={MARK} \"<>")),
        json!("&&&=&?"),
    ] {
        found.put(&["rawQueryString"], value, Some(200));
    }
    found.put(&["queryStringParameters"], json!([MARK]), Some(200));
    found.put(
        &["rawQueryString"],
        format!("player_id={MARK}\0").into(),
        Some(403),
    );
}

fn route(found: &mut Found) {
    for value in [
        json!(null),
        json!(7),
        json!([MARK]),
        json!(""),
        json!("*"),
        json!("//"),
        json!(format!("/{MARK}")),
        json!(format!("/{MARK}\0\n")),
        json!(format!("/é \"<{MARK}")),
        json!(format!("https://{MARK}/v1/link")),
    ] {
        found.put(&["rawPath"], value, Some(200));
    }
    for value in [
        json!(null),
        json!(7),
        json!(""),
        json!("GE T"),
        json!(MARK),
        json!("\0"),
    ] {
        found.put(&["requestContext", "http", "method"], value, Some(200));
    }
    found.put(&["routeKey"], json!("$default"), Some(200));
    found.put(&["routeKey"], json!(null), Some(200));
    for value in ["", "GET", "GET /nowhere", "GET  /v1/link", MARK, "\0"] {
        found.put(&["routeKey"], value.into(), Some(404));
    }
    for value in [json!(null), json!(7), json!(MARK), json!({"id": [MARK]})] {
        found.put(&["pathParameters"], value, Some(200));
    }
}

fn context(found: &mut Found) {
    for value in [json!(null), json!(7), json!(MARK), json!([MARK])] {
        found.put(&["requestContext"], value.clone(), Some(200));
        found.put(&["requestContext", "http"], value.clone(), Some(200));
        found.put(&["requestContext", "requestId"], json!([value]), Some(200));
        found.put(
            &["requestContext", "authorizer"],
            json!({"jwt": value}),
            Some(200),
        );
    }
    for id in ["", "\n", "é", &format!("{MARK}\0"), &MARK.repeat(50)] {
        found.put(&["requestContext", "requestId"], id.into(), Some(200));
    }
    found.put(&["requestContext", "domainName"], "\0".into(), Some(200));
    found.put(&["requestContext", "timeEpoch"], MARK.into(), Some(200));
    found.put(&["requestContext", "stage"], json!(null), Some(200));
    found.put(&["version"], json!(7), Some(200));
    found.put(&["stageVariables"], json!([MARK]), Some(200));
}

fn body(found: &mut Found) {
    for value in [
        json!(null),
        json!(7),
        json!([MARK]),
        json!({MARK: MARK}),
        json!(format!("{MARK}\0")),
        json!("é\u{1F3AE}"),
    ] {
        found.put(&["body"], value, Some(200));
    }
    for value in [json!(null), json!("true"), json!(7), json!(true)] {
        found.put(&["isBase64Encoded"], value.clone(), Some(200));
        let mut event = found.good();
        event["isBase64Encoded"] = value.clone();
        event["body"] = format!("{MARK} %%%").into();
        let name = format!("a body that is no base64, isBase64Encoded = {value}");
        found.text(&name, event.to_string(), Some(200));
    }
}

fn whole(found: &mut Found) {
    let good = found.good();
    for (name, _) in good.as_object().into_iter().flatten() {
        let mut event = good.clone();
        event.as_object_mut().map(|event| event.remove(name));
        let status = if name == "headers" { 401 } else { 200 };
        found.text(&format!("without {name}"), event.to_string(), Some(status));
    }
    let twice = good.to_string().replacen(
        "{\"authorization\"",
        &format!("{{\"x-odd\":\"{MARK}\",\"x-odd\":\"b\",\"authorization\""),
        1,
    );
    found.text("a header twice", twice, Some(200));
    let surrogate = good.to_string().replacen(
        "\"rawQueryString\":\"\"",
        "\"rawQueryString\":\"\\ud800\"",
        1,
    );
    found.text("half of a character", surrogate, None);
    for text in ["null", "[]", "7", "{}", "{\"headers\":{}}"] {
        found.text(text, text.to_owned(), Some(404));
    }
    found.text("a text", format!("\"Bearer {}\"", found.token), Some(404));
}
