use super::*;
use crate::domain::AmazonUserId;

async fn identify(tokeninfo: Reply, profile: Reply) -> Result<AmazonUserId, IdentifyError> {
    let (tokeninfo, profile) = (Server::start([tokeninfo]), Server::start([profile]));
    lwa(&tokeninfo, &tokeninfo, &profile)
        .identify("our-client", &"Atza|a+/b".into(), now())
        .await
}

const TOKENINFO: &str = r#"{"aud":"our-client","user_id":"amzn1.account.A","exp":1,"iss":"x"}"#;
const PROFILE: &str = r#"{"user_id":"amzn1.account.A","name":"N","email":"e"}"#;

#[tokio::test]
async fn both_must_name_the_same_user() {
    let tokeninfo = Server::start([Reply::json(200, TOKENINFO)]);
    let profile = Server::start([Reply::json(200, PROFILE)]);
    let user = lwa(&tokeninfo, &tokeninfo, &profile)
        .identify("our-client", &"Atza|a+/b".into(), now())
        .await
        .expect("a user");
    assert_eq!(user.as_str(), "amzn1.account.A");
    let request = &tokeninfo.requests()[0];
    assert!(
        request.starts_with("GET /auth/o2/tokeninfo?access_token=Atza%7Ca%2B%2Fb HTTP"),
        "{request}"
    );
    assert!(profile.requests()[0].contains("x-amz-access-token: Atza|a+/b\r\n"));
}

#[tokio::test]
async fn a_token_of_another_app_or_user_is_a_mismatch() {
    for (tokeninfo, profile) in [
        (r#"{"aud":"other","user_id":"amzn1.account.A"}"#, PROFILE),
        (r#"{"user_id":"amzn1.account.A"}"#, PROFILE),
        (
            r#"{"aud":"our-client","user_id":"amzn1.account.B"}"#,
            PROFILE,
        ),
        (r#"{"aud":"our-client"}"#, PROFILE),
        (TOKENINFO, "{}"),
        (r#"{"aud":"our-client"}"#, "{}"),
        (TOKENINFO, r#"{"user_id":17}"#),
    ] {
        let result = identify(Reply::json(200, tokeninfo), Reply::json(200, profile)).await;
        assert!(
            matches!(result, Err(IdentifyError::Mismatch(_))),
            "{tokeninfo} {profile}"
        );
    }
}

#[tokio::test]
async fn a_token_that_amazon_does_not_take_is_a_mismatch_whatever_the_other_says() {
    for (tokeninfo, profile) in [
        (Reply::json(400, "{}"), Reply::json(200, PROFILE)),
        (Reply::json(200, TOKENINFO), Reply::json(401, "{}")),
        (Reply::json(401, "{}"), Reply::json(500, "{}")),
        (Reply::json(500, "{}"), Reply::json(400, "{}")),
    ] {
        let result = identify(tokeninfo, profile).await;
        assert!(
            matches!(result, Err(IdentifyError::Mismatch(_))),
            "{result:?}"
        );
    }
}

#[tokio::test]
async fn who_cannot_be_asked_is_unavailable() {
    for (tokeninfo, profile) in [
        (Reply::json(503, "{}"), Reply::json(200, PROFILE)),
        (Reply::json(200, TOKENINFO), Reply::json(429, "{}")),
        (Reply::Close, Reply::Close),
    ] {
        let error = identify(tokeninfo, profile).await.expect_err("unavailable");
        assert!(
            matches!(error, IdentifyError::Unavailable { .. }),
            "{error:?}"
        );
    }
    for broken in [
        Reply::json(200, "[]"),
        Reply::json(200, "<html>"),
        Reply::Truncated,
    ] {
        let error = identify(Reply::json(200, TOKENINFO), broken)
            .await
            .expect_err("unusable");
        assert!(
            matches!(error, IdentifyError::Unavailable { .. }),
            "{error:?}"
        );
        assert!(!error.to_string().contains("Atza"), "{error}");
    }
}
