//! One conditional change of one item, by itself or as a part of a transaction.

use std::collections::HashMap;
use std::error::Error;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, ConditionCheck, Delete, ReturnValue,
    ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};

use super::item::Item;
use crate::budget::CONFLICT_PAUSE_FIRST;
use crate::domain::{random_fraction, random_token};
use crate::store::error::{Cause, StoreError};
use crate::store::outcome::{Claimed, WriteOutcome};

/// How often a write that met another writer's transaction is tried.
const CONFLICT_TRIES: u32 = 6;

/// What became of a conditional write.
#[derive(Debug)]
pub(in crate::store) enum Written {
    /// It was done; this is the item now.
    Done(Item),
    /// The condition did not hold; this is the item as it is, empty where there is none.
    Refused(Item),
}

impl Written {
    /// For a caller that does not need the item.
    pub(in crate::store) fn outcome(&self) -> WriteOutcome {
        match self {
            Self::Done(_) => WriteOutcome::Done,
            Self::Refused(_) => WriteOutcome::Changed,
        }
    }

    /// Whether this write has put `mark` into the attribute `field`. A mark is random, or stands for
    /// this write alone. If the condition is refused and the mark is there, then it is our own write:
    /// its answer was lost, and the SDK has repeated it.
    pub(in crate::store) fn claimed_by(self, field: &str, mark: &str) -> Claimed<Item> {
        match self {
            Self::Done(item) => Claimed::Ours(item),
            Self::Refused(item)
                if item
                    .get(field)
                    .is_some_and(|it| it.as_s().is_ok_and(|it| it == mark)) =>
            {
                Claimed::Ours(item)
            }
            Self::Refused(item) => Claimed::Theirs(item),
        }
    }
}

/// A change of one item: what to set, and the state that it needs. Attribute names are written
/// `#name` in conditions; the builder declares them.
#[derive(Clone, Debug)]
pub(in crate::store) struct Change {
    table: String,
    key: Item,
    set: Vec<String>,
    remove: Vec<String>,
    add: Vec<String>,
    delete: Vec<String>,
    condition: Option<String>,
    names: HashMap<String, String>,
    values: Item,
}

impl Change {
    pub(in crate::store) fn of(table: &str, key: Item) -> Self {
        Self {
            table: table.to_owned(),
            key,
            set: Vec::new(),
            remove: Vec::new(),
            add: Vec::new(),
            delete: Vec::new(),
            condition: None,
            names: HashMap::new(),
            values: Item::new(),
        }
    }

    /// Sets an attribute.
    pub(in crate::store) fn set(mut self, field: &str, value: AttributeValue) -> Self {
        self.set.push(format!("#{field} = :{field}"));
        self.names.insert(format!("#{field}"), field.to_owned());
        self.value(&format!(":{field}"), value)
    }

    /// Sets an attribute where there is something to set, and removes it where there is nothing.
    pub(in crate::store) fn set_or_remove(
        self,
        field: &str,
        value: Option<AttributeValue>,
    ) -> Self {
        match value {
            Some(value) => self.set(field, value),
            None => self.remove(field),
        }
    }

    /// Sets an attribute where there is something to set, and leaves it as it is where there is not.
    pub(in crate::store) fn set_some(self, field: &str, value: Option<AttributeValue>) -> Self {
        match value {
            Some(value) => self.set(field, value),
            None => self,
        }
    }

    /// Removes an attribute.
    pub(in crate::store) fn remove(mut self, field: &str) -> Self {
        self.remove.push(format!("#{field}"));
        self.names.insert(format!("#{field}"), field.to_owned());
        self
    }

    /// Sets an entry of a map attribute.
    pub(in crate::store) fn set_entry(
        mut self,
        map: &str,
        entry: &str,
        value: AttributeValue,
    ) -> Self {
        self.set.push(format!("#{map}.#entry = :entry"));
        self.names.insert(format!("#{map}"), map.to_owned());
        self.names.insert("#entry".to_owned(), entry.to_owned());
        self.value(":entry", value)
    }

    /// Removes an entry of a map attribute.
    pub(in crate::store) fn remove_entry(mut self, map: &str, entry: &str) -> Self {
        self.remove.push(format!("#{map}.#entry"));
        self.names.insert(format!("#{map}"), map.to_owned());
        self.names.insert("#entry".to_owned(), entry.to_owned());
        self
    }

    /// Adds to a number or a set.
    pub(in crate::store) fn add(mut self, field: &str, value: AttributeValue) -> Self {
        self.add.push(format!("#{field} :add_{field}"));
        self.names.insert(format!("#{field}"), field.to_owned());
        self.value(&format!(":add_{field}"), value)
    }

    /// Adds to a number or a set where there is something to add.
    pub(in crate::store) fn add_some(self, field: &str, value: Option<AttributeValue>) -> Self {
        match value {
            Some(value) => self.add(field, value),
            None => self,
        }
    }

    /// Takes these out of a set; with the last of them the attribute goes.
    pub(in crate::store) fn take_out(mut self, field: &str, value: AttributeValue) -> Self {
        self.delete.push(format!("#{field} :take_{field}"));
        self.names.insert(format!("#{field}"), field.to_owned());
        self.value(&format!(":take_{field}"), value)
    }

    /// The state that this change needs.
    pub(in crate::store) fn when(mut self, condition: impl Into<String>) -> Self {
        let condition = condition.into();
        let mut rest = condition.as_str();
        while let Some(start) = rest.find('#') {
            rest = &rest[start + 1..];
            let end = rest
                .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .unwrap_or(rest.len());
            let name = &rest[..end];
            self.names.insert(format!("#{name}"), name.to_owned());
        }
        self.condition = Some(condition);
        self
    }

    /// A value that the condition mentions.
    pub(in crate::store) fn value(mut self, placeholder: &str, value: AttributeValue) -> Self {
        let before = self.values.insert(placeholder.to_owned(), value);
        debug_assert!(before.is_none(), "{placeholder} is given twice");
        self
    }

    fn update_expression(&self) -> String {
        let mut sections = Vec::new();
        for (word, parts) in [
            ("SET", &self.set),
            ("REMOVE", &self.remove),
            ("ADD", &self.add),
            ("DELETE", &self.delete),
        ] {
            if !parts.is_empty() {
                sections.push(format!("{word} {}", parts.join(", ")));
            }
        }
        sections.join(" ")
    }

    /// Does it, by itself.
    pub(in crate::store) async fn apply(self, client: &Client) -> Result<Written, StoreError> {
        let update = client
            .update_item()
            .update_expression(self.update_expression())
            .table_name(self.table)
            .set_key(Some(self.key))
            .set_condition_expression(self.condition)
            .set_expression_attribute_names(some(self.names))
            .set_expression_attribute_values(some(self.values))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let mut tries = 0;
        loop {
            match update.clone().send().await {
                Ok(output) => return Ok(Written::Done(output.attributes.unwrap_or_default())),
                Err(error) => match error.as_service_error() {
                    Some(UpdateItemError::ConditionalCheckFailedException(refusal)) => {
                        return Ok(Written::Refused(
                            refusal.item().cloned().unwrap_or_default(),
                        ));
                    }
                    Some(UpdateItemError::TransactionConflictException(_))
                        if tries + 1 < CONFLICT_TRIES =>
                    {
                        tries += 1;
                        pause(tries).await;
                    }
                    _ => return Err(unavailable("UpdateItem", &error)),
                },
            }
        }
    }

    /// Deletes the item, by itself. `false`: the condition did not hold.
    pub(in crate::store) async fn delete(self, client: &Client) -> Result<bool, StoreError> {
        let delete = client
            .delete_item()
            .table_name(self.table)
            .set_key(Some(self.key))
            .set_condition_expression(self.condition)
            .set_expression_attribute_names(some(self.names))
            .set_expression_attribute_values(some(self.values));
        let mut tries = 0;
        loop {
            let Err(error) = delete.clone().send().await else {
                return Ok(true);
            };
            match error.as_service_error() {
                Some(DeleteItemError::ConditionalCheckFailedException(_)) => return Ok(false),
                Some(DeleteItemError::TransactionConflictException(_))
                    if tries + 1 < CONFLICT_TRIES =>
                {
                    tries += 1;
                    pause(tries).await;
                }
                _ => return Err(unavailable("DeleteItem", &error)),
            }
        }
    }

    /// As a part of a transaction.
    pub(in crate::store) fn in_transaction(self) -> TransactWriteItem {
        let update = Update::builder()
            .update_expression(self.update_expression())
            .table_name(self.table)
            .set_key(Some(self.key))
            .set_condition_expression(self.condition)
            .set_expression_attribute_names(some(self.names))
            .set_expression_attribute_values(some(self.values))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .expect("table, key and expression are set");
        TransactWriteItem::builder().update(update).build()
    }

    /// As a condition of a transaction that changes other items.
    pub(in crate::store) fn check(self) -> TransactWriteItem {
        let check = ConditionCheck::builder()
            .table_name(self.table)
            .set_key(Some(self.key))
            .set_condition_expression(self.condition)
            .set_expression_attribute_names(some(self.names))
            .set_expression_attribute_values(some(self.values))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .expect("table, key and condition are set");
        TransactWriteItem::builder().condition_check(check).build()
    }

    /// As a deletion in a transaction.
    pub(in crate::store) fn delete_in_transaction(self) -> TransactWriteItem {
        let delete = Delete::builder()
            .table_name(self.table)
            .set_key(Some(self.key))
            .set_condition_expression(self.condition)
            .set_expression_attribute_names(some(self.names))
            .set_expression_attribute_values(some(self.values))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .expect("table and key are set");
        TransactWriteItem::builder().delete(delete).build()
    }
}

/// What became of a transaction.
#[derive(Debug)]
pub(in crate::store) enum Committed {
    /// Everything was written.
    All,
    /// Nothing was written. For each part, in order: the item that refused it, or `None` where
    /// that part's condition held.
    Nothing(Vec<Option<Item>>),
}

impl Committed {
    /// For a caller that does not need to know which part refused.
    pub(in crate::store) fn outcome(&self) -> WriteOutcome {
        match self {
            Self::All => WriteOutcome::Done,
            Self::Nothing(_) => WriteOutcome::Changed,
        }
    }
}

/// Writes everything or nothing. Where another writer's transaction is in the way, it is tried
/// again a few times. The client request token makes a repeat after a lost answer harmless; one
/// that was canceled is a new request, with a token of its own.
pub(in crate::store) async fn transact(
    client: &Client,
    parts: Vec<TransactWriteItem>,
) -> Result<Committed, StoreError> {
    let request = client
        .transact_write_items()
        .set_transact_items(Some(parts));
    let mut token = request_token();
    let mut tries = 0;
    loop {
        let error = match request.clone().client_request_token(&token).send().await {
            Ok(_) => return Ok(Committed::All),
            Err(error) => error,
        };
        tries += 1;
        match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => {
                let reasons = canceled.cancellation_reasons();
                if reasons.iter().any(is_refusal) {
                    return Ok(Committed::Nothing(reasons.iter().map(refusal).collect()));
                }
                if tries >= CONFLICT_TRIES || !reasons.iter().any(is_passing) {
                    return Err(unavailable("TransactWriteItems", &error));
                }
                token = request_token();
            }
            // The same request is under way: only its own token leads to its outcome.
            Some(TransactWriteItemsError::TransactionInProgressException(_))
                if tries < CONFLICT_TRIES => {}
            _ => return Err(unavailable("TransactWriteItems", &error)),
        }
        pause(tries).await;
    }
}

/// DynamoDB takes at most 36 characters.
fn request_token() -> String {
    let mut token = random_token();
    token.truncate(36);
    token
}

fn is_refusal(reason: &CancellationReason) -> bool {
    reason.code() == Some("ConditionalCheckFailed")
}

/// The item that refused, or `None` where the condition held.
fn refusal(reason: &CancellationReason) -> Option<Item> {
    is_refusal(reason).then(|| reason.item().cloned().unwrap_or_default())
}

/// Whether trying again may help.
fn is_passing(reason: &CancellationReason) -> bool {
    matches!(
        reason.code(),
        Some("TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded")
    )
}

/// Waits 10 to 320 ms at most, doubling, with full jitter.
pub(in crate::store) async fn pause(tries: u32) {
    let most = CONFLICT_PAUSE_FIRST * (1 << tries.min(5));
    tokio::time::sleep(most.mul_f64(random_fraction())).await;
}

/// The SDK's error as what is known of it. Never its `Debug`: that prints items.
pub(in crate::store) fn unavailable<E, R>(
    operation: &'static str,
    error: &SdkError<E, R>,
) -> StoreError
where
    E: ProvideErrorMetadata,
{
    let text = |text: Option<&str>, otherwise: &str| text.unwrap_or(otherwise).to_owned();
    let source = match error {
        SdkError::ServiceError(context) => Cause::Refused {
            code: text(context.err().code(), "unknown error"),
            message: text(context.err().message(), "no message"),
        },
        SdkError::TimeoutError(_) => Cause::TimedOut,
        SdkError::DispatchFailure(failure) => {
            let reason = failure.as_connector_error().and_then(Error::source);
            Cause::NotSent(
                reason.map_or_else(|| "could not be sent".to_owned(), ToString::to_string),
            )
        }
        SdkError::ConstructionFailure(_) => Cause::NotBuilt,
        _ => Cause::Unreadable,
    };
    StoreError::Unavailable { operation, source }
}

/// Makes `attempt` again where others' writes got in its way: then it answers `None`.
pub(in crate::store) async fn contend<T>(
    tries: u32,
    what: &'static str,
    mut attempt: impl AsyncFnMut() -> Result<Option<T>, StoreError>,
) -> Result<T, StoreError> {
    for _ in 0..tries {
        if let Some(done) = attempt().await? {
            return Ok(done);
        }
    }
    Err(StoreError::Contended { what })
}

/// DynamoDB refuses empty maps of names and values.
fn some<V>(map: HashMap<String, V>) -> Option<HashMap<String, V>> {
    (!map.is_empty()).then_some(map)
}
