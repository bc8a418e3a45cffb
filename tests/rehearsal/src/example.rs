//! A day of a campaign that never was, for the picture of the dashboard: always the same numbers.
//!
//! The studio's backend takes deliveries by its webhook, and is down from 14:00 to 14:40. At 08:00 an
//! offer is missing for half an hour.

use crate::cloudwatch::{CloudWatch, Dashboard, Fault, Metric, Shown, Stack};
use crate::picture;

/// Where the picture of the dashboard is, in the workspace.
pub const PICTURE: &str = "docs/dashboard.svg";

/// What is written under charts over time.
const HOURS: [&str; 9] = [
    "00:00", "03:00", "06:00", "09:00", "12:00", "15:00", "18:00", "21:00", "24:00",
];

/// The dashboard of this template as it shows the day, as SVG.
///
/// # Errors
/// If something in the template is not known.
pub fn draw(template: &str) -> Result<String, Fault> {
    let stack = Stack::new("prime-gaming").with("AWS::Region", "us-east-1");
    let mut cloudwatch = CloudWatch::of_template(template, stack.clone())?;
    let shown = play(&mut cloudwatch)?;
    let dashboard = Dashboard::of_template(template, stack)?;
    let panels = dashboard.panels(&cloudwatch, shown, |_| failed_links());
    Ok(picture::draw(&panels, &HOURS))
}

/// 2027-01-15, midnight in UTC.
const MIDNIGHT: u64 = 1_799_971_200;
const MINUTES: u64 = 24 * 60;

/// The SKUs, with their share in a hundred, and how many of a hundred are held: mostly because the
/// player had the offer before.
const SKUS: [(&str, u64, u64); 3] = [
    ("monthly-boost", 20, 2),
    ("season-1:hat", 30, 14),
    ("starter-pack", 50, 4),
];

/// When the webhook is down, and when what was missed has been delivered.
const DOWN: std::ops::Range<u64> = 14 * 60..14 * 60 + 40;
const CAUGHT_UP: u64 = 15 * 60;

/// The functions, with the invocations of 100 players.
const FUNCTIONS: [(&str, u64); 5] = [
    ("LinkFunction", 110),
    ("EntitlementsFunction", 400),
    ("FulfillmentsFunction", 0),
    ("ReconcileFunction", 0),
    ("AdminFunction", 0),
];

/// Puts the day into `cloudwatch`, and tells which time it is.
///
/// # Errors
/// If the template has no such resource.
pub fn play(cloudwatch: &mut CloudWatch) -> Result<Shown, Fault> {
    let mut day = Day {
        stack: cloudwatch.name_of("AWS::StackName")?,
        api: cloudwatch.name_of("HttpApi")?,
        cloudwatch,
        minute: 0,
        missed: [0; 3],
    };
    for minute in 0..MINUTES {
        day.minute = minute;
        day.links();
        day.funnel();
        day.trouble();
        day.bill()?;
    }
    Ok(Shown {
        from: MIDNIGHT,
        until: MIDNIGHT + MINUTES * 60,
    })
}

/// What the query for the codes of failed links answers of this day.
#[must_use]
pub fn failed_links() -> Vec<(String, f64)> {
    [
        ("access_denied", 412.0),
        ("attempt_expired", 96.0),
        ("amazon_account_taken", 41.0),
        ("invalid_state", 17.0),
        ("amazon_unavailable", 12.0),
        ("identity_mismatch", 1.0),
    ]
    .map(|(code, links)| (code.to_owned(), links))
    .into()
}

struct Day<'c> {
    cloudwatch: &'c mut CloudWatch,
    stack: String,
    api: String,
    minute: u64,
    /// Deliveries of each SKU that the webhook has not taken yet.
    missed: [u64; 3],
}

impl Day<'_> {
    /// How many players come in this minute: a few at night, many after the launch at 9 and at 19.
    fn players(&self) -> u64 {
        let peak = |at: u64, width: u64, height: u64| {
            let away = self.minute.abs_diff(at);
            height * width.saturating_sub(away) / width
        };
        let players = 6 + peak(10 * 60, 150, 50) + peak(13 * 60, 480, 20) + peak(19 * 60, 240, 60);
        players * (85 + noise(self.minute, 1) % 30) / 100
    }

    fn put(&mut self, namespace: &str, name: &str, dimensions: &[(&str, &str)], value: u64) {
        let metric = Metric::new(namespace, name, dimensions);
        let value = u32::try_from(value).map_or(0.0, f64::from);
        let at = MIDNIGHT + self.minute * 60;
        self.cloudwatch.put(metric, at, value);
    }

    /// A metric of the service: lines that count 0 are not there.
    fn count(&mut self, name: &str, sku: Option<&str>, value: u64) {
        if value == 0 {
            return;
        }
        let stack = self.stack.clone();
        self.put("PrimeGaming", name, &[("Stack", &stack)], value);
        if let Some(sku) = sku {
            self.put(
                "PrimeGaming",
                name,
                &[("Stack", &stack), ("Sku", sku)],
                value,
            );
        }
    }

    fn links(&mut self) {
        let started = self.players() / 3;
        let returned = started * (92 + noise(self.minute, 2) % 8) / 100;
        self.count("LinkStarted", None, started);
        self.count("LinkReturned", None, returned);
        self.count("Linked", None, returned * 96 / 100);
        self.count(
            "LinkFailed",
            None,
            u64::from(noise(self.minute, 3).is_multiple_of(110)),
        );
    }

    fn funnel(&mut self) {
        let players = self.players();
        self.count("Checks", None, players * 4);
        let is_late = noise(self.minute, 4).is_multiple_of(40);
        self.count("ChecksNotFresh", None, u64::from(is_late));
        let is_down = DOWN.contains(&self.minute);
        let catches_up = (DOWN.end..CAUGHT_UP).contains(&self.minute);
        for (number, (sku, share, held)) in SKUS.into_iter().enumerate() {
            let seen = (players * share + noise(self.minute, share) % 100) / 100;
            let held = (seen * held + noise(self.minute, share + 1) % 100) / 100;
            let pending = seen - held;
            self.count("Seen", Some(sku), seen);
            self.count("Held", Some(sku), held);
            self.count("Pending", Some(sku), pending);
            let delivered = if is_down {
                self.missed[number] += pending;
                self.count("DeliveryFailed", Some(sku), pending);
                0
            } else if catches_up {
                let late = self.missed[number].min(16 * share / 10);
                self.missed[number] -= late;
                let waited = (CAUGHT_UP - self.minute) * 60 + 900;
                self.count("TimeToDeliver", Some(sku), waited);
                pending + late
            } else {
                pending
            };
            self.count("Delivered", Some(sku), delivered);
            self.count("Reported", Some(sku), delivered);
            for number in 0..delivered.min(12) {
                let slow = noise(self.minute, share + 10 + number);
                let more = u64::from(slow.is_multiple_of(12)) * (5 + slow % 4);
                self.count("TimeToDeliver", Some(sku), 1 + slow % 4 + more);
                self.count("TimeToReport", Some(sku), 1 + slow % 3 + more);
            }
        }
        let fails = noise(self.minute, 5).is_multiple_of(90);
        self.count("ReportFailed", Some(SKUS[2].0), u64::from(fails));
    }

    fn trouble(&mut self) {
        let forgotten =
            (8 * 60..8 * 60 + 30).contains(&self.minute) && self.minute.is_multiple_of(3);
        for name in ["Seen", "Held", "UnknownOffer"] {
            self.count(name, Some("other"), u64::from(forgotten));
        }
        let now = |name: u64, one_in: u64| u64::from(noise(name, 9).is_multiple_of(one_in));
        self.count("RefreshFailed", None, now(self.minute + 10_000, 60));
        self.count("LinkDead", None, now(self.minute + 20_000, 100));
        self.count("LinkRefused", None, u64::from(self.minute == 17 * 60));
        self.count("Attention", None, u64::from(self.minute == 11 * 60 + 7));
        self.count(
            "ApiThrottled",
            None,
            3 * u64::from((600..607).contains(&self.minute)),
        );
        let stack = self.stack.clone();
        let missed: u64 = self.missed.iter().sum();
        let late = match self.minute {
            minute if missed > 0 => (minute - DOWN.start) * 60,
            minute => noise(minute, 6) % 50,
        };
        let due = missed + noise(self.minute, 7) % 9;
        self.put("PrimeGaming", "OverdueSeconds", &[("Stack", &stack)], late);
        self.put("PrimeGaming", "Due", &[("Stack", &stack)], due);
    }

    fn bill(&mut self) -> Result<(), Fault> {
        let players = self.players();
        for (function, share) in FUNCTIONS {
            let name = self.cloudwatch.name_of(function)?;
            let calls = match function {
                "ReconcileFunction" => 1,
                "AdminFunction" => u64::from(self.minute % 240 == 5),
                _ => players * share / 100,
            };
            let each = if function == "ReconcileFunction" {
                900
            } else {
                70
            };
            let dimensions = [("FunctionName", name.as_str())];
            let errors = function == "ReconcileFunction" && self.minute == 3 * 60 + 12;
            self.put("AWS/Lambda", "Invocations", &dimensions, calls);
            self.put("AWS/Lambda", "Duration", &dimensions, calls * each);
            self.put("AWS/Lambda", "Errors", &dimensions, u64::from(errors));
            self.put("AWS/Lambda", "Throttles", &dimensions, 0);
        }
        let api = self.api.clone();
        let requests = players * 51 / 10;
        let failed = u64::from(noise(self.minute, 8).is_multiple_of(300));
        self.put("AWS/ApiGateway", "Count", &[("ApiId", &api)], requests);
        self.put("AWS/ApiGateway", "5xx", &[("ApiId", &api)], failed);
        for (table, read, written) in [
            ("LinksTable", 9, 5),
            ("FulfillmentsTable", 8, 12),
            ("OffersTable", 1, 0),
        ] {
            let name = self.cloudwatch.name_of(table)?;
            let of_table = [("TableName", name.as_str())];
            self.put(
                "AWS/DynamoDB",
                "ConsumedReadCapacityUnits",
                &of_table,
                players * read,
            );
            self.put(
                "AWS/DynamoDB",
                "ConsumedWriteCapacityUnits",
                &of_table,
                players * written,
            );
            self.put("AWS/DynamoDB", "WriteThrottleEvents", &of_table, 0);
            if table == "FulfillmentsTable" {
                let of_index = [of_table[0], ("GlobalSecondaryIndexName", "due")];
                self.put(
                    "AWS/DynamoDB",
                    "ConsumedWriteCapacityUnits",
                    &of_index,
                    players * 4,
                );
            }
        }
        for (group, bytes) in [("LogGroup", 1600), ("AccessLogGroup", 420)] {
            let name = self.cloudwatch.name_of(group)?;
            let dimensions = [("LogGroupName", name.as_str())];
            self.put("AWS/Logs", "IncomingBytes", &dimensions, requests * bytes);
        }
        Ok(())
    }
}

/// A number that looks random, and is always the same for the same two.
fn noise(a: u64, b: u64) -> u64 {
    let mut hash = (a << 16 ^ b).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    hash ^= hash >> 29;
    hash = hash.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (hash ^ hash >> 32) >> 8
}
