use std::collections::HashMap;
use std::path::Path;

use super::*;
use crate::testing::config::REQUIRED;

fn read(changes: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let vars: HashMap<&str, &str> = REQUIRED.iter().chain(changes).copied().collect();
    Config::from_vars(|name| vars.get(name).map(|value| (*value).to_owned()))
}

/// The variables that are at fault with these changes.
fn faulty(changes: &[(&str, &str)]) -> Vec<&'static str> {
    read(changes).map_or_else(
        |error| error.variables().into_iter().collect(),
        |_| Vec::new(),
    )
}

fn origins(list: &str) -> ReturnOrigins {
    ReturnOrigins::parse(list, true).expect("a good list")
}

#[test]
fn defaults_are_the_contracts() {
    let config = read(&[]).expect("all that is required is there");
    assert_eq!(
        config.lwa.authorize_url.as_str(),
        "https://www.amazon.com/ap/oa"
    );
    assert_eq!(
        config.lwa.token_url.as_str(),
        "https://api.amazon.com/auth/o2/token"
    );
    assert_eq!(
        config.lwa.tokeninfo_url.as_str(),
        "https://api.amazon.com/auth/o2/tokeninfo"
    );
    assert_eq!(
        config.lwa.profile_url.as_str(),
        "https://api.amazon.com/user/profile"
    );
    assert_eq!(
        config.lwa.codepair_url.as_str(),
        "https://api.amazon.com/auth/o2/create/codepair"
    );
    assert_eq!(config.lwa.scope, "games::prime profile");
    assert_eq!(config.lwa.device_client_id, config.lwa.client_id);
    assert_eq!(
        config.prime_gaming.entitlements_url.as_str(),
        "https://twitch.amazon.com/api/entitlements"
    );
    assert_eq!(
        config.prime_gaming.fulfill_url.as_str(),
        "https://twitch.amazon.com/api/fulfill"
    );
    assert_eq!(
        config.prime_gaming.fulfillment_address,
        FulfillmentAddress::Word("Player".to_owned())
    );
    assert_eq!(
        (config.players.id_claim, config.players.name_claim),
        ("sub".into(), "name".into())
    );
    assert_eq!(config.check_min_interval, Duration::from_secs(5));
    assert_eq!(config.delivery, DeliveryConfig::Confirm);
    assert_eq!(config.intake, Intake::Open);
    assert!(!config.linking.devices && !config.linking.device_qr);
    assert!(config.public_base_url.is_none());
    assert_eq!(config.linking.return_origins, ReturnOrigins::default());
}

#[test]
fn an_empty_value_counts_as_unset() {
    let config = read(&[
        ("LWA_TOKEN_URL", ""),
        ("PUBLIC_BASE_URL", ""),
        ("SECRETS_FILE", ""),
    ])
    .expect("empty is unset");
    assert_eq!(
        config.lwa.token_url.as_str(),
        "https://api.amazon.com/auth/o2/token"
    );
    assert_eq!(faulty(&[("LINKS_TABLE", "")]), ["LINKS_TABLE"]);
}

#[test]
fn all_faults_come_at_once_and_no_value_is_repeated() {
    let error = Config::from_vars(|name| match name {
        "LWA_TOKEN_URL" => Some("http://hunter2.example.com".to_owned()),
        "CHECK_MIN_INTERVAL_SECONDS" => Some("hunter2".to_owned()),
        "SECRETS_FILE" => Some("hunter2".to_owned()),
        _ => None,
    })
    .expect_err("nearly everything is missing");
    let text = error.to_string();
    for variable in [
        "LINKS_TABLE",
        "FULFILLMENTS_TABLE",
        "OFFERS_TABLE",
        "ERASURES_TABLE",
        "LWA_CLIENT_ID",
        "LWA_TOKEN_URL",
        "PLAYER_JWT_ISSUER",
        "PLAYER_JWT_AUDIENCE",
        "CHECK_MIN_INTERVAL_SECONDS",
        "SECRETS_FILE",
    ] {
        assert!(error.variables().contains(variable), "{variable}");
        assert!(text.contains(&format!("\n- {variable} ")), "{text}");
    }
    assert!(!text.contains("hunter2"), "{text}");
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
}

#[test]
fn each_setting_is_checked() {
    for (variable, wrong) in [
        ("LINKS_TABLE", "a/b"),
        ("LINKS_TABLE", "ab"),
        ("LWA_CLIENT_ID", "has space"),
        ("LWA_SCOPE", "profile"),
        ("LWA_SCOPE", "games::prime"),
        ("LWA_SCOPE", "games::primeprofile"),
        ("LWA_AUTHORIZE_URL", "http://www.amazon.com/ap/oa"),
        ("LWA_AUTHORIZE_URL", "https://me:pw@www.amazon.com/ap/oa"),
        ("LWA_AUTHORIZE_URL", "https://www.amazon.com/ap/oa#top"),
        ("LWA_AUTHORIZE_URL", "/ap/oa"),
        ("LWA_AUTHORIZE_URL", "https://www.amazon.com\\@evil.example"),
        ("PUBLIC_BASE_URL", "https://links.example.com/?a=b"),
        ("PUBLIC_BASE_URL", "https://links.example.com/path?"),
        ("PUBLIC_BASE_URL", "https://links.example.com/path#top"),
        ("PUBLIC_BASE_URL", "http://links.example.com"),
        ("PRIME_GAMING_FULFILLMENT_ADDRESS", "{playerid}"),
        ("PLAYER_JWT_ISSUER", " https://accounts.example.com"),
        ("PLAYER_JWKS_URL", "http://accounts.example.com/jwks.json"),
        ("DEVICE_LINKING", "yes"),
        ("DEVICE_LINK_QR", "true"),
        ("DELIVERY_WEBHOOK_PRIVATE", "yes"),
        ("CHECK_MIN_INTERVAL_SECONDS", "3601"),
        ("CHECK_MIN_INTERVAL_SECONDS", "-1"),
        ("DELIVERY", "pigeon"),
        ("INTAKE", "closed"),
        ("ALARM_TOPIC_ARN", "on-call"),
        (
            "ALARM_TOPIC_ARN",
            "arn:aws:sns:us-east-1:123456789012:on call",
        ),
        ("API_URL", "http://api.example.com"),
        ("SECRETS_ARN", "prime-gaming"),
        (
            "LINK_RETURN_ORIGINS",
            "https://play.example.com,javascript:",
        ),
        ("LINK_RETURN_ORIGINS", "https://play.example.com/path"),
        ("LINK_RETURN_ORIGINS", "http://127.0.0.1:3000"),
        ("LINK_RETURN_ORIGINS", "https:"),
        ("LINK_RETURN_ORIGINS", "my game:"),
        ("LINK_RETURN_ORIGINS", "play.example.com"),
        ("LINK_RETURN_ORIGINS", "*"),
    ] {
        assert_eq!(faulty(&[(variable, wrong)]), [variable], "{wrong:?}");
    }
    assert_eq!(
        faulty(&[("LINK_RETURN_ORIGINS", "javascript:, https://a.example/x")]).len(),
        1,
        "two faults of one variable"
    );
}

#[test]
fn good_values_are_taken() {
    let config = read(&[
        ("PUBLIC_BASE_URL", "https://links.example.com/prime"),
        ("LWA_DEVICE_CLIENT_ID", "device-client"),
        ("LWA_SCOPE", "profile games::prime postal_code"),
        ("PRIME_GAMING_FULFILLMENT_ADDRESS", "{player_id}"),
        ("DEVICE_LINKING", "on"),
        ("DEVICE_LINK_QR", "on"),
        ("CHECK_MIN_INTERVAL_SECONDS", "0"),
        ("INTAKE", "hold"),
        ("DELIVERY", "webhook"),
        (
            "DELIVERY_WEBHOOK_URL",
            "https://backend.example.com/hook?key=1",
        ),
        (
            "LINK_RETURN_ORIGINS",
            " https://play.example.com , MyGame: ,",
        ),
    ])
    .expect("all are right");
    assert!(!config.is_local());
    assert_eq!(config.lwa.device_client_id, "device-client");
    let player = PlayerId::new("player-1").expect("an id");
    assert_eq!(
        config.prime_gaming.fulfillment_address.of(&player),
        "player-1"
    );
    assert_eq!(
        FulfillmentAddress::Word("Player".into()).of(&player),
        "Player"
    );
    assert!(config.linking.devices && config.linking.device_qr);
    assert_eq!(config.check_min_interval, Duration::ZERO);
    assert!(matches!(
        config.delivery,
        DeliveryConfig::Webhook { private: false, .. }
    ));
    assert_eq!(config.intake, Intake::Hold);
    assert!(config.linking.return_origins.check("mygame://done").is_ok());
}

#[test]
fn local_allows_what_a_laptop_needs_and_nothing_else_does() {
    let loopback = [
        ("SECRETS_ARN", ""),
        ("SECRETS_FILE", "secrets.json"),
        ("DELIVERY", "webhook"),
        ("DELIVERY_WEBHOOK_URL", "http://127.0.0.1:9000/hook"),
        ("LINK_RETURN_ORIGINS", "http://localhost:3000"),
    ];
    for base in [
        "http://127.0.0.1:8080",
        "http://localhost:8080",
        "http://[::1]:8080",
        "http://127.9.9.9",
    ] {
        let mut vars = loopback.to_vec();
        vars.push(("PUBLIC_BASE_URL", base));
        let config = read(&vars).expect(base);
        assert!(config.is_local());
        assert_eq!(
            config.secrets,
            SecretsSource::File(Path::new("secrets.json").into())
        );
    }
    assert_eq!(
        faulty(&loopback),
        [
            "DELIVERY_WEBHOOK_URL",
            "LINK_RETURN_ORIGINS",
            "SECRETS_FILE"
        ]
    );
}

#[test]
fn a_container_of_the_sam_cli_may_reach_stand_ins_on_its_host() {
    let local = ("PUBLIC_BASE_URL", "http://127.0.0.1:3000");
    let sam = ("AWS_SAM_LOCAL", "true");
    let secret = [("SECRETS_ARN", ""), ("SECRETS_FILE", "secrets.json")];
    let with = |base, sam, token| {
        let token = ("LWA_TOKEN_URL", token);
        let mut vars = vec![base, sam, token];
        if base == local {
            vars.extend(secret);
        }
        vars
    };
    for host in ["http://172.17.0.1:8000/t", "http://host.docker.internal/t"] {
        let config = read(&with(local, sam, host)).expect(host);
        assert_eq!(config.lwa.token_url.as_str(), host);
        // Anywhere else it is refused: deployed, or on the developer's machine itself.
        let deployed = ("PUBLIC_BASE_URL", "https://prime.example.com");
        assert_eq!(faulty(&with(deployed, sam, host)), ["LWA_TOKEN_URL"]);
        for other in ["", "false", "TRUE"] {
            let vars = with(local, ("AWS_SAM_LOCAL", other), host);
            assert_eq!(faulty(&vars), ["LWA_TOKEN_URL"], "{other}");
        }
    }
    // Also there http leads to no other host.
    for host in [
        "http://api.amazon.com/t",
        "http://8.8.8.8/t",
        "http://169.254.169.254/t",
        "http://user@172.17.0.1/t",
        "ftp://172.17.0.1/t",
    ] {
        assert_eq!(faulty(&with(local, sam, host)), ["LWA_TOKEN_URL"], "{host}");
    }
    let mut webhook = with(local, sam, "http://172.17.0.1/t");
    webhook.push(("DELIVERY", "webhook"));
    webhook.push(("DELIVERY_WEBHOOK_URL", "http://172.17.0.1/hook"));
    assert_eq!(faulty(&webhook), ["DELIVERY_WEBHOOK_URL"]);
}

#[test]
fn secrets_come_from_exactly_one_place() {
    let local = ("PUBLIC_BASE_URL", "http://localhost:8080");
    assert_eq!(
        faulty(&[local, ("SECRETS_FILE", "secrets.json")]),
        ["SECRETS_ARN"]
    );
    assert_eq!(faulty(&[("SECRETS_ARN", "")]), ["SECRETS_ARN"]);
}

#[test]
fn a_webhook_needs_its_address() {
    assert_eq!(faulty(&[("DELIVERY", "webhook")]), ["DELIVERY_WEBHOOK_URL"]);
}

/// SSRF: see `net::address` for the ranges.
#[test]
fn a_webhook_leads_out_of_this_machine_and_into_a_private_network_by_a_setting_only() {
    let faults = |url: &str, private: &str| {
        faulty(&[
            ("DELIVERY", "webhook"),
            ("DELIVERY_WEBHOOK_URL", url),
            ("DELIVERY_WEBHOOK_PRIVATE", private),
        ])
    };
    for url in ["https://backend.example.com/hook", "https://8.8.8.8/hook"] {
        assert!(faults(url, "off").is_empty() && faults(url, "").is_empty());
        assert!(faults(url, "on").is_empty(), "{url}");
    }
    for url in [
        "https://10.0.0.7/hook",
        "https://100.64.0.1/hook",
        "https://[fd12:3456::1]/hook",
        "https://[::ffff:192.168.0.1]/hook",
        "https://[64:ff9b::a00:1]/hook",
    ] {
        assert_eq!(faults(url, "off"), ["DELIVERY_WEBHOOK_URL"], "{url}");
        assert!(faults(url, "on").is_empty(), "{url}");
    }
    for url in [
        "https://127.0.0.1/hook",
        "https://2130706433/hook",
        "https://localhost./hook",
        "https://169.254.169.254/hook",
        "https://[fd00:ec2::254]/hook",
        "https://[2002:a9fe:a9fe::]/hook",
    ] {
        for private in ["off", "on"] {
            assert_eq!(faults(url, private), ["DELIVERY_WEBHOOK_URL"], "{url}");
        }
    }
}

#[test]
fn the_pages_look_as_the_studio_wants() {
    let config = read(&[]).expect("good settings");
    assert!(config.studio.name.is_none() && config.studio.color.is_none());
    assert!(config.studio.support_url.is_none());
    assert_eq!(config.studio.program, "Prime Gaming");
    let config = read(&[
        ("STUDIO_NAME", "Fox & Hen"),
        ("STUDIO_COLOR", "#E4002b"),
        ("SUPPORT_URL", "mailto:help@studio.example"),
        ("PROGRAM_NAME", "Amazon Luna"),
    ])
    .expect("good settings");
    assert_eq!(config.studio.name.as_deref(), Some("Fox & Hen"));
    assert_eq!(config.studio.color, Color::parse("#e4002b"));
    assert_eq!(config.studio.program, "Amazon Luna");
    let url = config.studio.support_url.expect("an address");
    assert_eq!(url.as_str(), "mailto:help@studio.example");
    assert!(faulty(&[("SUPPORT_URL", "https://help.example.com/a?b=c")]).is_empty());
    let long = "x".repeat(65);
    for (variable, value) in [
        ("STUDIO_NAME", long.as_str()),
        ("STUDIO_NAME", " x"),
        ("STUDIO_NAME", "a\nb"),
        ("PROGRAM_NAME", long.as_str()),
        ("PROGRAM_NAME", "Luna "),
        ("STUDIO_COLOR", "red"),
        ("STUDIO_COLOR", "#fff"),
        ("STUDIO_COLOR", "#1b5fc1;}"),
        ("SUPPORT_URL", "http://help.example.com/"),
        ("SUPPORT_URL", "javascript:alert(1)"),
        ("SUPPORT_URL", "mailto:"),
        ("SUPPORT_URL", "mailto:a b@c.example"),
        ("SUPPORT_URL", "help@studio.example"),
    ] {
        assert_eq!(faulty(&[(variable, value)]), [variable], "{value}");
    }
}

#[test]
fn return_to_compares_scheme_host_and_port() {
    let origins = origins(
        "https://play.example.com,https://b.example.com:8443,mygame:,http://localhost:3000",
    );
    for good in [
        "https://play.example.com",
        "https://PLAY.example.com:443/any/path?q=1#part",
        "https://b.example.com:8443/",
        "mygame://linked/page?x=1",
        "mygame:linked",
        "MYGAME:linked",
        "http://localhost:3000/back",
    ] {
        assert!(origins.check(good).is_ok(), "{good}");
    }
    for wrong in [
        "https://play.example.com.evil.example",
        "https://play.example.com:444/",
        "http://play.example.com/",
        "https://evil.example/https://play.example.com",
        "https://evil.example?https://play.example.com",
        "https://b.example.com/",
        "http://localhost:3001/",
        "https://localhost:3000/",
        "othergame:linked",
        "javascript:alert(1)",
        "data:text/html,hi",
        "file:///etc/passwd",
        "blob:https://play.example.com/1",
        "vbscript:x",
        "intent://x#Intent;end",
    ] {
        assert_eq!(
            origins.check(wrong),
            Err(InvalidReturnTo::NotListed),
            "{wrong}"
        );
    }
    for odd in [
        "",
        "/path",
        "//play.example.com",
        "https://user@play.example.com/",
        "https://play.example.com@evil.example/",
        "https://:pw@play.example.com/",
        "https://play.example.com\\@evil.example/",
        "https://play.example.com/\r\nSet-Cookie: a=b",
        "https://play.example.com/\0",
        "java\tscript:alert(1)",
        " https://play.example.com/",
    ] {
        assert_eq!(
            origins.check(odd),
            Err(InvalidReturnTo::Malformed),
            "{odd:?}"
        );
    }
    let long = format!("https://play.example.com/{}", "x".repeat(2048));
    assert_eq!(origins.check(&long), Err(InvalidReturnTo::TooLong));
}

#[test]
fn nothing_is_allowed_by_an_empty_list() {
    assert!(
        ReturnOrigins::default()
            .check("https://play.example.com")
            .is_err()
    );
}
