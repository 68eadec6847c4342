//! What AWS bills, and for how much.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::usd::Usd;

/// How many parts a unit has here: a share of a gigabyte is an integer, too.
pub(crate) const OF_A_UNIT: u128 = 1_000_000_000;

/// One thing that is billed, by the unit it is billed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "prices.json says of each what its unit is")]
pub enum Item {
    RestRequest,
    HttpRequest,
    WafRequest,
    WebAclMonth,
    WafRuleMonth,
    LambdaRequest,
    LambdaGbSecond,
    WriteUnit,
    ReadUnit,
    TableGbMonth,
    RecoveryGbMonth,
    BackupGbMonth,
    LogGb,
    LogGbMonth,
    MetricMonth,
    AlarmMonth,
    DashboardMonth,
    KmsKeyMonth,
    KmsRequest,
    TrafficOutGb,
    ScheduledEvent,
}

/// Whose bill it is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    /// API Gateway.
    ApiGateway,
    /// AWS WAF.
    Waf,
    /// Lambda.
    Lambda,
    /// `DynamoDB` and its backups.
    DynamoDb,
    /// `CloudWatch`.
    CloudWatch,
    /// KMS.
    Kms,
    /// Data transfer.
    Traffic,
}

impl Service {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::ApiGateway,
        Self::Waf,
        Self::Lambda,
        Self::DynamoDb,
        Self::CloudWatch,
        Self::Kms,
        Self::Traffic,
    ];

    /// As it is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ApiGateway => "API Gateway",
            Self::Waf => "WAF",
            Self::Lambda => "Lambda",
            Self::DynamoDb => "DynamoDB",
            Self::CloudWatch => "CloudWatch",
            Self::Kms => "KMS",
            Self::Traffic => "traffic",
        }
    }
}

impl Item {
    /// Whose bill it is on.
    #[must_use]
    pub const fn service(self) -> Service {
        match self {
            Self::RestRequest | Self::HttpRequest => Service::ApiGateway,
            Self::WafRequest | Self::WebAclMonth | Self::WafRuleMonth => Service::Waf,
            Self::LambdaRequest | Self::LambdaGbSecond | Self::ScheduledEvent => Service::Lambda,
            Self::WriteUnit
            | Self::ReadUnit
            | Self::TableGbMonth
            | Self::RecoveryGbMonth
            | Self::BackupGbMonth => Service::DynamoDb,
            Self::LogGb
            | Self::LogGbMonth
            | Self::MetricMonth
            | Self::AlarmMonth
            | Self::DashboardMonth => Service::CloudWatch,
            Self::KmsKeyMonth | Self::KmsRequest => Service::Kms,
            Self::TrafficOutGb => Service::Traffic,
        }
    }
}

/// What is known of a price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Seen {
    /// Somebody has read it for Frankfurt, and published it.
    Frankfurt,
    /// AWS has one price for all regions.
    EveryRegion,
    /// Only us-east-1's was seen.
    NorthernVirginia,
    /// It was not seen at all.
    Memory,
}

/// What one thing costs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// For so many units.
    pub usd: Usd,
    /// How many.
    pub per: u128,
    /// What a unit is.
    pub unit: String,
    /// What is known of it.
    pub seen: Seen,
    /// Where.
    pub source: String,
}

/// The list.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// Where it holds.
    pub region: String,
    /// When it was put together.
    pub read_on: String,
    /// What was seen.
    pub about: String,
    /// All of them.
    pub prices: BTreeMap<Item, Price>,
    /// What is in no list.
    pub not_billed: Vec<String>,
}

/// How much of what is billed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage(BTreeMap<Item, u128>);

impl Usage {
    /// So many whole units.
    #[must_use]
    pub fn and(self, item: Item, units: u128) -> Self {
        self.and_parts(item, units * OF_A_UNIT)
    }

    /// So many parts of a unit.
    #[must_use]
    pub(crate) fn and_parts(mut self, item: Item, parts: u128) -> Self {
        *self.0.entry(item).or_default() += parts;
        self
    }

    /// Both.
    #[must_use]
    pub fn plus(mut self, other: &Self) -> Self {
        for (item, parts) in &other.0 {
            *self.0.entry(*item).or_default() += parts;
        }
        self
    }

    /// So many times as much.
    #[must_use]
    pub fn times(&self, times: u128) -> Self {
        Self(
            self.0
                .iter()
                .map(|(item, it)| (*item, it * times))
                .collect(),
        )
    }

    /// So many hundredths of it.
    #[must_use]
    pub fn percent(&self, percent: u128) -> Self {
        self.times(percent).divided_by(100)
    }

    /// One of so many equal parts.
    #[must_use]
    pub fn divided_by(&self, parts: u128) -> Self {
        Self(
            self.0
                .iter()
                .map(|(item, it)| (*item, it / parts))
                .collect(),
        )
    }
}

/// What it comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bill(pub BTreeMap<Service, Usd>);

impl Bill {
    /// All of it.
    #[must_use]
    pub fn total(&self) -> Usd {
        self.0.values().copied().sum()
    }

    /// What one service bills.
    #[must_use]
    pub fn of(&self, service: Service) -> Usd {
        self.0.get(&service).copied().unwrap_or_default()
    }
}

impl Prices {
    /// What this costs.
    ///
    /// # Errors
    /// When the list has no price for something.
    pub fn bill(&self, usage: &Usage) -> Result<Bill, NoPrice> {
        let mut bill = BTreeMap::<Service, Usd>::new();
        for (item, parts) in &usage.0 {
            let price = self.prices.get(item).ok_or(NoPrice(*item))?;
            let cost = price.usd.share(*parts, price.per * OF_A_UNIT);
            *bill.entry(item.service()).or_default() += cost;
        }
        Ok(Bill(bill))
    }
}

/// The list has no price for it.
#[derive(Debug, thiserror::Error)]
#[error("prices.json has no price for {0:?}")]
pub struct NoPrice(Item);
