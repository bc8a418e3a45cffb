//! The audit trail: which operator did what, when and why. A record is never changed, except that
//! `player.erase` takes the player out of it.

use aws_sdk_dynamodb::types::TransactWriteItem;

use super::request::Request;
use crate::domain::{AuditRecord, EntitlementId, PlayerId, Sku, Timestamp, random_token};
use crate::store::dynamo::{Item, Reader, key, player_pk, query_up_to, s, time};
use crate::store::error::StoreError;
use crate::store::tables::Fulfillments;

/// The most records of a trail that one read gives.
const MOST_AUDITS: usize = 1000;

/// What an audit record is about.
#[derive(Clone, Debug)]
pub enum Subject {
    /// A player: the record is in the player's partition.
    Player(PlayerId),
    /// An offer.
    Offer(Sku),
    /// The keys that seal tokens.
    Keys,
    /// The erasure of a player, by its receipt: the record names no player.
    Receipt(String),
}

impl Subject {
    fn pk(&self) -> String {
        match self {
            Self::Player(player) => player_pk(player),
            Self::Offer(sku) => format!("OFFER#{sku}"),
            Self::Keys => "KEYS".to_owned(),
            Self::Receipt(receipt) => format!("RECEIPT#{receipt}"),
        }
    }
}

/// Which operator wants a change, and why.
#[derive(Clone, Copy, Debug)]
pub struct Warrant<'a> {
    /// The command's name.
    pub command: &'static str,
    /// The operator.
    pub actor: Option<&'a str>,
    /// The operator's reason.
    pub reason: Option<&'a str>,
    /// The id of the operator's request, where it has one.
    pub request: Option<&'a Request>,
}

/// One audit record that a command writes.
#[derive(Clone, Debug)]
pub struct Audit {
    /// What it is about.
    pub subject: Subject,
    /// The entitlement, where the command is about one.
    pub entitlement_id: Option<EntitlementId>,
    /// What an operator should know beside the command.
    pub note: Option<String>,
}

/// How the sort keys of the audit records of this time begin: those of one command, or of several.
pub(in crate::store) fn audit_sk(at: Timestamp) -> String {
    format!("A#{:015}#", at.as_millis())
}

/// The audit records about one player.
#[derive(Debug, Default)]
pub struct Trail {
    /// Those that can be read.
    pub records: Vec<AuditRecord>,
    /// What is wrong with the others.
    pub unreadable: Vec<StoreError>,
}

impl Fulfillments {
    pub(super) fn audit_part(
        &self,
        audit: &Audit,
        warrant: Warrant<'_>,
        now: Timestamp,
    ) -> TransactWriteItem {
        let sk = format!("{}{}", audit_sk(now), random_token());
        let entitlement_id = audit.entitlement_id.as_ref().map(|id| s(id.as_str()));
        self.change(key(audit.subject.pk(), sk))
            .when("attribute_not_exists(#pk)")
            .set("at", time(now))
            .set("command", s(warrant.command))
            .set_some("actor", warrant.actor.map(s))
            .set_some("reason", warrant.reason.map(s))
            .set_some("request_id", warrant.request.map(|it| s(it.id())))
            .set_some("entitlement_id", entitlement_id)
            .set_some("note", audit.note.as_deref().map(s))
            .in_transaction()
    }

    /// The audit records about this player, newest first, at most 1000, read strongly.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn audit_trail(&self, player: &PlayerId) -> Result<Trail, StoreError> {
        let query = self
            .partition(player_pk(player))
            .key_condition_expression("pk = :pk AND begins_with(sk, :audit)")
            .expression_attribute_values(":audit", s("A#"))
            .scan_index_forward(false);
        let items = query_up_to(query, MOST_AUDITS).await?;
        let mut trail = Trail::default();
        for item in items {
            match self.audit_record(&item) {
                Ok(record) => trail.records.push(record),
                Err(error) => trail.unreadable.push(error),
            }
        }
        Ok(trail)
    }

    fn audit_record(&self, item: &Item) -> Result<AuditRecord, StoreError> {
        let reader = Reader::new(&self.table, item);
        let text = |field| Ok(reader.optional_text(field)?.map(ToOwned::to_owned));
        Ok(AuditRecord {
            at: reader.need_time("at")?,
            command: reader.need_text("command")?.to_owned(),
            actor: text("actor")?,
            reason: text("reason")?,
            request_id: text("request_id")?,
            entitlement_id: text("entitlement_id")?,
            note: text("note")?,
        })
    }
}
