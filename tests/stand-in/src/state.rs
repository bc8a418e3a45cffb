//! Everything the stand-in remembers, behind one lock.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::faults::{Endpoint, Faults};
use crate::model::{
    Access, Account, Behaviour, Call, Claim, Claims, Client, Code, Device, Entitlement,
    Fulfillment, Life, Refresh,
};
use crate::secrets;

/// All memory. What a data file keeps between runs is what a player would notice; faults,
/// behaviour, calls and violations belong to one run.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Data {
    pub(crate) clients: BTreeMap<String, Client>,
    /// By short name.
    pub(crate) accounts: BTreeMap<String, Account>,
    pub(crate) codes: BTreeMap<String, Code>,
    pub(crate) access: BTreeMap<String, Access>,
    pub(crate) refresh: BTreeMap<String, Refresh>,
    /// By device code.
    pub(crate) devices: BTreeMap<String, Device>,
    pub(crate) fulfillments: Vec<Fulfillment>,
    pub(crate) offers: Vec<String>,
    pub(crate) secrets: BTreeSet<String>,
    /// How far the clock was moved by hand, in milliseconds.
    pub(crate) advanced_ms: u64,
    #[serde(skip)]
    pub(crate) behaviour: Behaviour,
    #[serde(skip)]
    pub(crate) faults: Faults,
    #[serde(skip)]
    pub(crate) calls: Vec<Call>,
    #[serde(skip)]
    pub(crate) next_call: u64,
    #[serde(skip)]
    pub(crate) violations: Vec<String>,
}

impl Data {
    /// Milliseconds since 1970: the machine's clock plus what `advance` added.
    #[expect(
        clippy::disallowed_methods,
        reason = "the stand-in's one clock; it does not know the crate whose clock is handed in"
    )]
    pub(crate) fn now_ms(&self) -> u64 {
        let wall = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        u64::try_from(wall.as_millis())
            .unwrap_or(u64::MAX)
            .saturating_add(self.advanced_ms)
    }

    /// The account of this short name, created when it is new.
    pub(crate) fn account(&mut self, name: &str) -> &mut Account {
        self.accounts
            .entry(name.to_owned())
            .or_insert_with(|| Account {
                id: secrets::account_id(name),
                entitlements: Vec::new(),
            })
    }

    /// Lists `element`, in the place of one with the same `EntitlementId`.
    pub(crate) fn put(&mut self, account: &str, element: Value) {
        let fresh = Entitlement {
            element,
            fulfilled: false,
        };
        let listed = &mut self.account(account).entitlements;
        let old = fresh.text("EntitlementId").and_then(|id| {
            listed
                .iter()
                .position(|one| one.text("EntitlementId") == Some(id))
        });
        match old {
            Some(at) => listed[at] = fresh,
            None => listed.push(fresh),
        }
    }

    /// Takes an entitlement off the list; tells whether there was one.
    pub(crate) fn remove(&mut self, account: &str, id: &str) -> bool {
        let listed = &mut self.account(account).entitlements;
        let before = listed.len();
        listed.retain(|one| one.text("EntitlementId") != Some(id));
        listed.len() < before
    }

    /// What each account has claimed.
    pub(crate) fn claims(&self) -> Vec<Claims> {
        let fulfilled = |account: &str, id: &str| {
            let mut all = self.fulfillments.iter();
            let found = all.find(|it| it.account_id == account && it.entitlement_id == id);
            found.map_or(0, |it| it.times)
        };
        let accounts = self.accounts.iter();
        let each = accounts.map(|(name, account)| Claims {
            account: name.clone(),
            account_id: account.id.clone(),
            claims: (account.entitlements.iter())
                .filter_map(|it| {
                    let id = it.text("EntitlementId")?;
                    Some(Claim {
                        entitlement_id: id.to_owned(),
                        sku: it.text("VendorProductId")?.to_owned(),
                        instruction: it.text("NextInstruction")?.to_owned(),
                        fulfilled: fulfilled(&account.id, id),
                    })
                })
                .collect(),
        });
        each.collect()
    }

    /// Amazon takes back the newest entitlement of this SKU that was not reported. Gives its id.
    pub(crate) fn withdraw(&mut self, account: &str, sku: &str) -> Option<String> {
        let listed = &mut self.accounts.get_mut(account)?.entitlements;
        let mut newest = listed.iter_mut().rev();
        let found = newest.find(|it| {
            !it.fulfilled
                && it.text("VendorProductId") == Some(sku)
                && it.text("NextInstruction") == Some("FULFILL")
        })?;
        found.element["NextInstruction"] = "REVOKE".into();
        found.text("EntitlementId").map(str::to_owned)
    }

    /// The player removes the app: nothing that was issued for this account works any more.
    pub(crate) fn revoke(&mut self, account: &str) {
        self.access.retain(|_, access| access.account != account);
        for refresh in self.refresh.values_mut() {
            if refresh.account == account {
                refresh.life = Life::Revoked;
            }
        }
        for code in self.codes.values_mut() {
            code.revoked |= code.account == account;
        }
    }

    /// The account's access tokens end now.
    pub(crate) fn expire(&mut self, account: &str) {
        let now = self.now_ms();
        for access in self.access.values_mut() {
            if access.account == account {
                access.expires_ms = access.expires_ms.min(now);
            }
        }
    }

    /// Remembers that a request broke the contract.
    pub(crate) fn violation(&mut self, endpoint: Endpoint, what: &str) {
        self.violations.push(format!("{endpoint:?}: {what}"));
    }

    /// Remembers a secret, so that tests can search logs for it.
    pub(crate) fn secret(&mut self, secret: &str) {
        self.secrets.insert(secret.to_owned());
    }

    /// Starts the record of a request and returns its number.
    pub(crate) fn called(&mut self, endpoint: Endpoint, method: &str, summary: Value) -> u64 {
        let id = self.next_call;
        self.next_call += 1;
        self.calls.push(Call {
            id,
            endpoint,
            method: method.to_owned(),
            at_ms: self.now_ms(),
            summary,
            status: None,
        });
        id
    }

    /// Completes the record of a request, unless the records were thrown away meanwhile.
    pub(crate) fn answered(&mut self, id: u64, status: Option<u16>) {
        if let Some(call) = self.calls.iter_mut().rev().find(|call| call.id == id) {
            call.status = status;
        }
    }
}

/// The stand-in's origins, `http://HOST:PORT`. Amazon sends a browser from the authorize address
/// through other hosts of its own, and so does the stand-in.
pub(crate) struct Hosts {
    /// Everything that a program calls, and the authorize address.
    pub(crate) base: String,
    /// Where the player signs in.
    pub(crate) sign_in: String,
    /// Where the player is asked.
    pub(crate) consent: String,
}

/// The memory as handlers and [`crate::Amazon`] share it.
pub(crate) struct State {
    pub(crate) hosts: Hosts,
    data: Mutex<Data>,
    file: Option<PathBuf>,
}

pub(crate) type Shared = Arc<State>;

impl State {
    /// Empty memory, or that of an earlier run.
    ///
    /// # Errors
    /// The file can't be read, is not ours, or can't be written.
    pub(crate) fn open(hosts: Hosts, file: Option<PathBuf>) -> io::Result<Self> {
        let data = match &file {
            Some(path) if path.exists() => serde_json::from_slice(&std::fs::read(path)?)?,
            _ => Data::default(),
        };
        let state = State {
            hosts,
            data: Mutex::new(data),
            file,
        };
        state.save(&state.lock())?;
        Ok(state)
    }

    fn lock(&self) -> MutexGuard<'_, Data> {
        // A panic under the lock is a failed test's; the others still get honest answers.
        self.data.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn read<T>(&self, look: impl FnOnce(&Data) -> T) -> T {
        look(&self.lock())
    }

    /// One change, visible to all at once, and written to the data file when there is one.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Data) -> T) -> T {
        let mut data = self.lock();
        let result = change(&mut data);
        if let Err(error) = self.save(&data) {
            eprintln!("amazon: the data file could not be written: {error}");
        }
        result
    }

    fn save(&self, data: &Data) -> io::Result<()> {
        let Some(path) = &self.file else {
            return Ok(());
        };
        let fresh = path.with_extension("new");
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        // The tokens in it are for its owner only.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options
            .open(&fresh)?
            .write_all(&serde_json::to_vec(data)?)?;
        std::fs::rename(fresh, path)
    }
}
