//! The caller, and the player that it may act for.

use crate::domain::PlayerId;
use crate::http::ApiError;

/// The caller, as its token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// A player, through a game client. Acts for itself.
    Player {
        /// The studio's id of the player.
        id: PlayerId,
        /// A name to show, if the token holds one that can be shown.
        name: Option<String>,
    },
    /// A game server. Acts for the player that it names.
    Server,
}

impl Caller {
    /// The player that this call is about. `named` is the `player_id` in the body or query.
    ///
    /// # Errors
    /// 403 where a player names another player; 400 where a server names none, or not an id.
    pub fn player(self, named: Option<&str>) -> Result<PlayerId, ApiError> {
        match self {
            Self::Player { id, .. } => match named {
                Some(other) if other != id.as_str() => Err(ApiError::forbidden(
                    "a player's token acts for that player alone: leave `player_id` out",
                )),
                _ => Ok(id),
            },
            Self::Server => {
                let named = named.ok_or_else(|| {
                    ApiError::invalid_request("a game server must name the player: `player_id`")
                })?;
                PlayerId::new(named).map_err(|rule| ApiError::invalid_request(rule.to_string()))
            }
        }
    }

    /// The caller, on a route that is for game servers only.
    ///
    /// # Errors
    /// 403 where a player calls.
    pub fn server(self) -> Result<Self, ApiError> {
        match self {
            Self::Server => Ok(self),
            Self::Player { .. } => Err(ApiError::forbidden(
                "this route is for game servers: call it with a token whose `scope` holds \
                 `prime-gaming:server`",
            )),
        }
    }

    /// The player's id and name, on a route that is for players only.
    ///
    /// # Errors
    /// 403 where a server calls.
    pub fn player_only(self) -> Result<(PlayerId, Option<String>), ApiError> {
        match self {
            Self::Player { id, name } => Ok((id, name)),
            Self::Server => Err(ApiError::forbidden(
                "this route is for players: call it with the player's own token",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::ErrorCode;

    fn player() -> Caller {
        let id = PlayerId::new("player-1").expect("an id");
        Caller::Player {
            id,
            name: Some("Pat".to_owned()),
        }
    }

    #[test]
    fn a_player_acts_for_itself() {
        assert_eq!(player().player(None).expect("itself").as_str(), "player-1");
        assert_eq!(
            player().player(Some("player-1")).expect("itself").as_str(),
            "player-1"
        );
        for other in ["player-2", "", "PLAYER-1", "not an id"] {
            let error = player().player(Some(other)).expect_err(other);
            assert_eq!(error.code(), ErrorCode::Forbidden, "{other}");
        }
        assert_eq!(
            player().player_only().expect("a player").1.as_deref(),
            Some("Pat")
        );
    }

    #[test]
    fn a_server_names_the_player() {
        assert_eq!(
            Caller::Server.player(Some("p")).expect("named").as_str(),
            "p"
        );
        for named in [None, Some(""), Some("a b")] {
            let error = Caller::Server.player(named).expect_err("no id");
            assert_eq!(error.code(), ErrorCode::InvalidRequest);
            assert!(error.detail().contains("player_id"), "{}", error.detail());
        }
        assert_eq!(
            Caller::Server.player_only().expect_err("403").code(),
            ErrorCode::Forbidden
        );
    }

    #[test]
    fn a_players_token_is_no_servers() {
        assert_eq!(Caller::Server.server().expect("one"), Caller::Server);
        let error = player().server().expect_err("403");
        assert_eq!(error.code(), ErrorCode::Forbidden);
    }
}
