//! The whole system, with a studio's login page, and chromedriver beside it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use local::Error;
use local::front::{Front, Leading};
use local::log::{Lines, Log};
use local::studio::Studio;
use local::system::{Options, System};
use local::tools;
use stand_in::Amazon;
use tokio::runtime::Runtime;
use url::Url;

use crate::driver::Driver;
use crate::game::GameSite;

/// What the studio sets, in the world that walks share.
const STUDIO: [(&str, &str); 3] = [
    ("STUDIO_NAME", "Example Studio"),
    ("STUDIO_COLOR", "#7a1fa2"),
    ("SUPPORT_URL", "https://help.studio.example/prime"),
];

/// Everything that walks need. What has to be ended in order is, when the last walk drops it.
pub(crate) struct World {
    pub(crate) runtime: Runtime,
    pub(crate) lines: Lines,
    parts: Option<Parts>,
    next: AtomicU32,
}

struct Parts {
    driver: Driver,
    system: System,
    studio: Option<Studio>,
    game: GameSite,
    _done: Option<Leading>,
}

/// Which of the worlds a walk is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Shared with other walks: with every setting of a studio, and its login page.
    Shared,
    /// For one walk alone, which may let Amazon fail. The only setting is where browsers may go
    /// back to.
    Own,
    /// For one walk alone, with the console. Every check asks Amazon.
    Console,
}

impl World {
    /// A world, or `None` where it can't be had here: then the running test is skipped by name.
    pub(crate) fn enter(kind: Kind) -> Option<Arc<Self>> {
        static SHARED: Mutex<Weak<World>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(world) = shared.upgrade().filter(|_| kind == Kind::Shared) {
            return Some(world);
        }
        let world = match Self::start(kind) {
            Ok(Ok(world)) => Arc::new(world),
            Ok(Err(missing)) => {
                tools::skip(&missing);
                return None;
            }
            Err(error) => panic!("the system does not start: {error}"),
        };
        if kind == Kind::Shared {
            *shared = Arc::downgrade(&world);
        }
        Some(world)
    }

    fn start(kind: Kind) -> Result<Result<Self, String>, Error> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?;
        let (log, lines) = Log::memory();
        let parts = match runtime.block_on(Parts::start(kind, log))? {
            Ok(parts) => Some(parts),
            Err(missing) => return Ok(Err(missing)),
        };
        Ok(Ok(Self {
            runtime,
            lines,
            parts,
            next: AtomicU32::new(1),
        }))
    }

    fn parts(&self) -> &Parts {
        self.parts.as_ref().expect("they are there until the end")
    }

    pub(crate) fn driver(&self) -> &Driver {
        &self.parts().driver
    }

    pub(crate) fn system(&self) -> &System {
        &self.parts().system
    }

    pub(crate) fn game(&self) -> &GameSite {
        &self.parts().game
    }

    pub(crate) fn amazon(&self) -> &Amazon {
        let amazon = self.system().amazon.as_ref();
        amazon.expect("no other one is among the settings")
    }

    /// A number that is new in this world.
    pub(crate) fn number(&self) -> u32 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(parts) = self.parts.take() {
            self.runtime.block_on(parts.stop());
        }
    }
}

impl Parts {
    async fn start(kind: Kind, log: Log) -> Result<Result<Self, String>, Error> {
        let driver = match Driver::start().await? {
            Ok(driver) => driver,
            Err(missing) => return Ok(Err(missing)),
        };
        let (login, done) = (Front::bind().await?, Front::bind().await?);
        let game = GameSite::start().await?;
        let mut settings = BTreeMap::new();
        let origins = format!("mygame:,{}", game.origin);
        settings.insert("LINK_RETURN_ORIGINS".to_owned(), origins);
        if kind == Kind::Shared {
            let set = STUDIO.map(|(name, value)| (name.to_owned(), value.to_owned()));
            settings.extend(set);
            let pages = [
                ("PLAYER_LOGIN_URL", format!("{}/login", login.origin)),
                ("LINK_DONE_URL", format!("{}/", done.origin)),
            ];
            settings.extend(pages.map(|(name, value)| (name.to_owned(), value)));
        }
        if kind == Kind::Console {
            settings.insert("CHECK_MIN_INTERVAL_SECONDS".to_owned(), "0".to_owned());
        }
        let system = System::start(Options {
            settings,
            // Without reconcile an alarm rings.
            schedules: kind == Kind::Console,
            console: kind == Kind::Console,
            log,
            ..Options::default()
        })
        .await?;
        let (studio, done) = match kind {
            Kind::Own | Kind::Console => (None, None),
            Kind::Shared => {
                let Some(studio) = Studio::start(login, &system).await? else {
                    return Ok(Err("there is no python3 for the login page".to_owned()));
                };
                // Players go back to where they came from: the stand-in's page of Prime Gaming.
                let amazon = system.amazon.as_ref().ok_or("no stand-in for Amazon")?;
                let port = Url::parse(&amazon.base_url())?.port();
                let done = done.lead_to(port.ok_or("the stand-in has a port")?);
                (Some(studio), Some(done))
            }
        };
        Ok(Ok(Self {
            driver,
            system,
            studio,
            game,
            _done: done,
        }))
    }

    async fn stop(self) {
        self.driver.stop().await;
        if let Some(studio) = self.studio {
            // Whatever it says at its end is of no use any more.
            let _ = studio.stop().await;
        }
        self.system.stop().await;
    }
}
