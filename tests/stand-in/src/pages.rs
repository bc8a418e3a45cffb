//! The pages a player sees: consent, entering a device code, claiming. Plain HTML, no script.

use axum::extract::{RawForm, RawQuery, State as Extract};
use axum::http::StatusCode;
use axum::response::Response;

use crate::exchange::Reply;
use crate::input::Params;
use crate::lwa::authorize::{Request, check, decide, with_query};
use crate::lwa::device;
use crate::model::{Account, Consent};
use crate::prime_gaming;
use crate::server;
use crate::state::{Data, Shared};

const STYLE: &str = include_str!("style.css");

fn page(title: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <header>A stand-in for Amazon. Nothing here reaches Amazon.</header>\n\
         <main>\n<h1>{title}</h1>\n{body}</main>\n</body>\n</html>\n"
    )
}

fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

/// A page that says what is wrong.
pub(crate) fn problem(what: &str) -> String {
    page(
        "We're sorry",
        &format!("<p>This request can't be served: {}.</p>\n", escape(what)),
    )
}

fn problem_page(what: &str) -> Response {
    Reply::page(StatusCode::BAD_REQUEST, problem(what)).send()
}

/// Whether a page takes this short name of an account.
///
/// # Errors
/// What a name must be.
pub fn check_account(name: &str) -> Result<(), &'static str> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if (1..=64).contains(&name.len()) && name.bytes().all(fits) {
        Ok(())
    } else {
        Err("an account is 1 to 64 letters, digits, '.', '_', '-'")
    }
}

fn account_name(params: &Params) -> Result<&str, String> {
    let name = params.get("account").unwrap_or_default();
    check_account(name)?;
    Ok(name)
}

/// A text field for an account with those known so far to choose from.
fn account_field(data: &Data, chosen: &str) -> String {
    let known: String = data
        .accounts
        .keys()
        .map(|name| format!("<option value=\"{}\">", escape(name)))
        .collect();
    format!(
        "<label for=\"account\">Amazon account</label>\n\
         <input type=\"text\" id=\"account\" name=\"account\" list=\"accounts\" value=\"{}\" required \
         maxlength=\"64\" pattern=\"[A-Za-z0-9._\\-]+\" autocomplete=\"off\">\n\
         <datalist id=\"accounts\">{known}</datalist>\n\
         <p class=\"soft\">Any short name; a new one becomes a new account.</p>\n",
        escape(chosen)
    )
}

fn first_account(data: &Data) -> &str {
    data.accounts.keys().next().map_or("alice", String::as_str)
}

const DECISION: &str = "<button class=\"main\" name=\"decision\" value=\"allow\">Allow</button>\n\
     <button name=\"decision\" value=\"cancel\" formnovalidate>Cancel</button>\n</form>\n";

/// The consent page for a checked request.
fn consent_form(data: &Data, request: &Request, query: &Params) -> String {
    let hidden: String = query
        .iter()
        .map(|(name, value)| {
            format!(
                "<input type=\"hidden\" name=\"{}\" value=\"{}\">\n",
                escape(name),
                escape(value)
            )
        })
        .collect();
    let scopes: String = request
        .scopes
        .iter()
        .map(|scope| {
            let scope = escape(scope);
            format!(
                "<label class=\"tick\"><input type=\"checkbox\" name=\"grant\" value=\"{scope}\" checked> \
                 {scope}</label>\n"
            )
        })
        .collect();
    let body = format!(
        "<p><b>{}</b> asks for access to your Amazon account:</p>\n\
         <form method=\"post\" action=\"{}\">\n{hidden}{scopes}{}{DECISION}",
        escape(&request.client_id),
        server::AUTHORIZE,
        account_field(data, first_account(data)),
    );
    page("Login with Amazon", &body)
}

fn decision(form: &Params) -> Result<Consent, String> {
    match form.get("decision") {
        Some("allow") if form.get("grant").is_some() => Ok(Consent::GrantOnly(
            form.iter()
                .filter(|(name, _)| *name == "grant")
                .map(|(_, scope)| scope.to_owned())
                .collect(),
        )),
        Some("allow") => Ok(Consent::Approve),
        Some("cancel") => Ok(Consent::Refuse),
        _ => Err("decision is neither allow nor cancel".to_owned()),
    }
}

/// `GET /ap/signin`: the player is signed in, and led on to the consent page.
pub(crate) async fn sign_in(
    Extract(state): Extract<Shared>,
    RawQuery(query): RawQuery,
) -> Response {
    let query = Params::parse(query.unwrap_or_default().as_bytes());
    let to = with_query(&state.hosts.consent, server::AUTHORIZE, &query);
    Reply::redirect(StatusCode::FOUND, to).send()
}

/// `GET /ap/oa` where the player is asked. It isn't recorded: the app's request was.
pub(crate) async fn ask(Extract(state): Extract<Shared>, RawQuery(query): RawQuery) -> Response {
    let query = Params::parse(query.unwrap_or_default().as_bytes());
    let reply = state.change(|data| match check(data, &query) {
        Ok(request) => match data.behaviour.agreed_before.clone() {
            Some(account) => {
                let to = decide(data, &request, &account, Consent::Approve);
                Reply::redirect(StatusCode::FOUND, to)
            }
            None => Reply::page(StatusCode::OK, consent_form(data, &request, &query)),
        },
        Err(refusal) => refusal.into(),
    });
    reply.send()
}

/// `POST /ap/oa`: the player's answer. It isn't recorded: it is not the app's request.
pub(crate) async fn consent(Extract(state): Extract<Shared>, RawForm(form): RawForm) -> Response {
    let form = Params::parse(&form);
    let consent = match decision(&form) {
        Ok(consent) => consent,
        Err(what) => return problem_page(&what),
    };
    let account = match (account_name(&form), &consent) {
        (Ok(name), _) => name,
        (Err(_), Consent::Refuse) => "",
        (Err(what), _) => return problem_page(&what),
    };
    let ours = ["account", "decision", "grant"];
    let asked = Params::from_iter(form.iter().filter(|(name, _)| !ours.contains(name)));
    let reply = state.change(|data| match check(data, &asked) {
        Ok(request) => {
            let to = decide(data, &request, account, consent);
            Reply::redirect(StatusCode::FOUND, to)
        }
        Err(refusal) => refusal.into(),
    });
    reply.send()
}

/// `GET /us/code`: where the player enters a device's code.
pub(crate) async fn device_form(
    Extract(state): Extract<Shared>,
    RawQuery(query): RawQuery,
) -> Response {
    let query = Params::parse(query.unwrap_or_default().as_bytes());
    let code = query
        .get("cbl-code")
        .or_else(|| query.get("user_code"))
        .unwrap_or_default();
    let account = state.read(|data| account_field(data, first_account(data)));
    let body = format!(
        "<p>Enter the code that your device shows.</p>\n\
         <form method=\"post\" action=\"{}\">\n<label for=\"user_code\">Code</label>\n\
         <input type=\"text\" id=\"user_code\" name=\"user_code\" value=\"{}\" required \
         maxlength=\"16\" autocomplete=\"off\">\n{account}{DECISION}",
        server::DEVICE,
        escape(code),
    );
    Reply::page(StatusCode::OK, page("Register your device", &body)).send()
}

/// `POST /us/code`.
pub(crate) async fn device(Extract(state): Extract<Shared>, RawForm(form): RawForm) -> Response {
    let form = Params::parse(&form);
    let answer = || {
        let consent = decision(&form)?;
        let account = account_name(&form)?;
        let code = form.get("user_code").unwrap_or_default();
        let code = code.trim().to_ascii_uppercase();
        let refused = consent == Consent::Refuse;
        state.change(|data| device::decide(data, &code, account, consent))?;
        Ok::<_, String>(refused)
    };
    let body = match answer() {
        Ok(true) => "<p>You refused. You can close this page.</p>\n",
        Ok(false) => "<p>You can close this page and go back to your device.</p>\n",
        Err(what) => return problem_page(&what),
    };
    Reply::page(StatusCode::OK, page("Thank you", body)).send()
}

/// `GET /`: where one claims offers as some Amazon account.
pub(crate) async fn home(Extract(state): Extract<Shared>, RawQuery(query): RawQuery) -> Response {
    let query = Params::parse(query.unwrap_or_default().as_bytes());
    let body = state.read(|data| {
        let name = match account_name(&query) {
            Ok(name) => name,
            Err(_) => first_account(data),
        };
        let sku = if data.offers.is_empty() {
            "<input type=\"text\" id=\"sku\" name=\"sku\" required maxlength=\"128\" autocomplete=\"off\">"
                .to_owned()
        } else {
            let offers = data.offers.iter().map(|sku| {
                let sku = escape(sku);
                format!("<option value=\"{sku}\">{sku}</option>")
            });
            format!(
                "<select id=\"sku\" name=\"sku\">{}</select>",
                offers.collect::<String>()
            )
        };
        format!(
            "<form method=\"post\" action=\"/claim\">\n{}\
             <label for=\"sku\">Offer</label>\n{sku}\n\
             <button class=\"main\">Claim</button>\n\
             <button formaction=\"/\" formmethod=\"get\" formnovalidate>Show this account</button>\n\
             </form>\n{}",
            account_field(data, name),
            claimed(data, name)
        )
    });
    Reply::page(StatusCode::OK, page("Prime Gaming (stand-in)", &body)).send()
}

/// What the account has claimed, and what became of it.
fn claimed(data: &Data, name: &str) -> String {
    let shown = escape(name);
    let Some(account) = data.accounts.get(name) else {
        return format!("<h2>Claimed by {shown}</h2>\n<p>Nothing yet.</p>\n");
    };
    let mut rows: String = account
        .entitlements
        .iter()
        .rev()
        .map(|one| {
            let text = |field| escape(one.text(field).unwrap_or("—"));
            let reported = one
                .text("EntitlementId")
                .and_then(|id| fulfilled(data, account, id))
                .unwrap_or_else(|| "not yet".to_owned());
            format!(
                "<tr><td>{}</td><td>{}</td><td>{}</td><td>{reported}</td></tr>\n",
                text("VendorProductId"),
                text("NextInstruction"),
                text("EntitlementId"),
            )
        })
        .collect();
    if rows.is_empty() {
        rows = "<tr><td colspan=\"4\">Nothing yet.</td></tr>\n".to_owned();
    }
    format!(
        "<h2>Claimed by {shown}</h2>\n<p class=\"soft\">{}</p>\n<div class=\"wide\"><table>\n\
         <tr><th>Offer</th><th>Instruction</th><th>Entitlement</th><th>Fulfilled</th></tr>\n\
         {rows}</table></div>\n\
         <form method=\"post\" action=\"/remove-app\">\n\
         <input type=\"hidden\" name=\"account\" value=\"{shown}\">\n\
         <button>Remove the app from this account</button>\n</form>\n",
        escape(&account.id)
    )
}

fn fulfilled(data: &Data, account: &Account, id: &str) -> Option<String> {
    let report = data
        .fulfillments
        .iter()
        .find(|one| one.entitlement_id == id && one.account_id == account.id)?;
    Some(match report.times {
        1 => format!("yes, to {}", escape(&report.address)),
        times => format!("yes, to {}, {times} times", escape(&report.address)),
    })
}

fn back_home(name: &str) -> Response {
    Reply::redirect(StatusCode::SEE_OTHER, format!("/?account={name}")).send()
}

/// `POST /claim`.
pub(crate) async fn claim(Extract(state): Extract<Shared>, RawForm(form): RawForm) -> Response {
    let form = Params::parse(&form);
    match (account_name(&form), form.get("sku")) {
        (Ok(name), Some(sku)) => {
            state.change(|data| prime_gaming::claim(data, name, sku));
            back_home(name)
        }
        (Err(what), _) => problem_page(&what),
        (_, None) => problem_page("no offer was chosen"),
    }
}

/// `POST /remove-app`: what a player does in the settings of the Amazon account.
pub(crate) async fn remove_app(
    Extract(state): Extract<Shared>,
    RawForm(form): RawForm,
) -> Response {
    let form = Params::parse(&form);
    match account_name(&form) {
        Ok(name) => {
            state.change(|data| data.revoke(name));
            back_home(name)
        }
        Err(what) => problem_page(&what),
    }
}
