//! Builds a conditional change of one item.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::delete_item::builders::DeleteItemFluentBuilder;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Delete, ReturnValue, ReturnValuesOnConditionCheckFailure,
    TransactWriteItem, Update,
};

use super::item::Item;

/// A change of one item, with the state that it needs. Conditions write attribute names as `#name`;
/// the builder declares them.
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

    /// Sets an attribute to `Some` value; removes it for `None`.
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

    /// Sets an attribute to `Some` value; leaves it as it is for `None`.
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

    /// Adds `Some` value to a number or a set; leaves it as it is for `None`.
    pub(in crate::store) fn add_some(self, field: &str, value: Option<AttributeValue>) -> Self {
        match value {
            Some(value) => self.add(field, value),
            None => self,
        }
    }

    /// Takes members out of a set. DynamoDB removes an attribute whose set is empty.
    pub(in crate::store) fn take_out(mut self, field: &str, value: AttributeValue) -> Self {
        self.delete.push(format!("#{field} :take_{field}"));
        self.names.insert(format!("#{field}"), field.to_owned());
        self.value(&format!(":take_{field}"), value)
    }

    /// Also needs that this attribute is absent.
    pub(in crate::store) fn only_if_absent(self, field: &str) -> Self {
        self.only_if(&format!("attribute_not_exists(#{field})"))
    }

    /// Also needs that this attribute begins with this text.
    pub(in crate::store) fn only_if_begins(self, field: &str, text: &str) -> Self {
        self.only_if(&format!("begins_with(#{field}, :begin_{field})"))
            .value(
                &format!(":begin_{field}"),
                AttributeValue::S(text.to_owned()),
            )
    }

    /// Also needs that this attribute has this value.
    pub(in crate::store) fn only_if_is(self, field: &str, value: AttributeValue) -> Self {
        self.only_if(&format!("#{field} = :is_{field}"))
            .value(&format!(":is_{field}"), value)
    }

    /// Also needs that this attribute still has `Some` value, or is still absent for `None`.
    pub(in crate::store) fn only_if_still(
        self,
        field: &str,
        value: Option<AttributeValue>,
    ) -> Self {
        match value {
            Some(value) => self.only_if_is(field, value),
            None => self.only_if_absent(field),
        }
    }

    /// Also needs that each of these attributes is as it is in `item`, or absent as there.
    pub(in crate::store) fn only_if_as_in(self, item: &Item, fields: &[&str]) -> Self {
        fields.iter().fold(self, |change, field| {
            change.only_if_still(field, item.get(*field).cloned())
        })
    }

    /// Also needs this.
    pub(in crate::store) fn only_if(self, further: &str) -> Self {
        let condition = match &self.condition {
            Some(condition) => format!("({condition}) AND {further}"),
            None => further.to_owned(),
        };
        self.when(condition)
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

    /// As a request of its own, which answers with the item as it is afterwards.
    pub(super) fn update(self, client: &Client) -> UpdateItemFluentBuilder {
        client
            .update_item()
            .update_expression(self.update_expression())
            .table_name(self.table)
            .set_key(Some(self.key))
            .set_condition_expression(self.condition)
            .set_expression_attribute_names(some(self.names))
            .set_expression_attribute_values(some(self.values))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }

    /// As a request of its own that deletes the item.
    pub(super) fn deletion(self, client: &Client) -> DeleteItemFluentBuilder {
        client
            .delete_item()
            .table_name(self.table)
            .set_key(Some(self.key))
            .set_condition_expression(self.condition)
            .set_expression_attribute_names(some(self.names))
            .set_expression_attribute_values(some(self.values))
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

/// DynamoDB refuses empty maps of names and values.
fn some<V>(map: HashMap<String, V>) -> Option<HashMap<String, V>> {
    (!map.is_empty()).then_some(map)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::dynamo::{n, s};

    fn change() -> Change {
        Change::of("t", Item::from([("pk".to_owned(), s("it"))]))
    }

    fn parts(change: Change) -> Update {
        let update = change.in_transaction().update;
        update.expect("an update")
    }

    fn names(update: &Update) -> Vec<&str> {
        let names = update.expression_attribute_names();
        let mut names: Vec<_> = names
            .into_iter()
            .flatten()
            .map(|(placeholder, name)| {
                assert!(placeholder == "#entry" || *placeholder == format!("#{name}"));
                name.as_str()
            })
            .collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn every_kind_of_change_is_in_one_expression() {
        let update = parts(
            change()
                .set("status", s("linked"))
                .set("title", s("A hat"))
                .remove("owner")
                .add("attempts", n(1))
                .take_out("records", s("e1")),
        );
        assert_eq!(
            update.update_expression(),
            "SET #status = :status, #title = :title REMOVE #owner ADD #attempts :add_attempts \
             DELETE #records :take_records"
        );
        assert_eq!(
            names(&update),
            ["attempts", "owner", "records", "status", "title"]
        );
        let values = update.expression_attribute_values().expect("values");
        assert_eq!(values[":add_attempts"], n(1));
        assert_eq!(update.condition_expression(), None);
    }

    #[test]
    fn the_names_in_a_condition_are_declared() {
        for (condition, declared) in [
            ("attribute_not_exists(#pk)", vec!["pk"]),
            ("#a = :a AND (#b_c < :b OR #a = :c)", vec!["a", "b_c"]),
            ("size(#attempts.#entry) < :most", vec!["attempts", "entry"]),
            ("true", vec![]),
        ] {
            assert_eq!(
                names(&parts(change().when(condition))),
                declared,
                "{condition}"
            );
        }
    }

    #[test]
    fn what_there_is_nothing_of_is_removed_or_left_as_it_is() {
        for (change, expression) in [
            (change().set_or_remove("a", Some(n(1))), "SET #a = :a"),
            (change().set_or_remove("a", None), "REMOVE #a"),
            (change().set_some("a", Some(n(1))), "SET #a = :a"),
            (change().set_some("a", None), ""),
            (change().add_some("a", Some(n(1))), "ADD #a :add_a"),
            (change().add_some("a", None), ""),
        ] {
            assert_eq!(parts(change).update_expression(), expression);
        }
    }

    #[test]
    fn an_entry_of_a_map_is_changed_alone() {
        let update = parts(change().set_entry("attempts", "a b", n(1)));
        assert_eq!(update.update_expression(), "SET #attempts.#entry = :entry");
        assert_eq!(names(&update), ["a b", "attempts"]);
        let update = parts(change().remove_entry("attempts", "a b"));
        assert_eq!(update.update_expression(), "REMOVE #attempts.#entry");
    }
}
