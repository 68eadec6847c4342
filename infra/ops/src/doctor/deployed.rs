//! What only a stack in the cloud has.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;
use token::{Keys, SigningKey};

use super::{Finding, Wrong, ends_within};
use crate::keys::SIGNING_KEY;
use crate::stack::Stack;
use crate::{Problem, aws, http as asked, secrets};

/// A place of its own for sweep and night takes two, and AWS leaves 100 to all others.
const CONCURRENCY_MIN: i64 = 102;

/// AWS renews a certificate sixty days before its end, while its records are in the city's
/// DNS; one that is not renewed by then will not be.
const RENEWED_DAYS: i64 = 30;

pub(super) async fn findings(stack: &Stack, now: Timestamp) -> Vec<Finding> {
    vec![
        Finding::new("settings in use", in_use(stack).await),
        Finding::new("secrets", all_secrets(stack).await),
        Finding::new("table", table(stack).await),
        Finding::new("account", account(stack).await),
        Finding::new(
            "certificate of the drivers' host",
            certificate(stack, "PublicCertificateArn", "PublicDomainName", now).await,
        ),
        Finding::new(
            "certificate of the office's host",
            certificate(stack, "OfficeCertificateArn", "OfficeDomainName", now).await,
        ),
        Finding::new("the city's login", login(stack).await),
        Finding::new("whom alarms wake", on_call(stack).await),
        Finding::new(
            "the log of who looked at which case",
            office_log(stack, now).await,
        ),
    ]
}

async fn in_use(stack: &Stack) -> Result<String, Wrong> {
    let told = stack.told().await?;
    match stack.not_applied(&told).await? {
        None => Ok(format!("{} functions are told them", told.len())),
        Some(differs) => Err(Wrong::new(differs.to_string(), "`ops apply`")),
    }
}

/// Each secret, under the stack's key: under another one no function could read it.
async fn all_secrets(stack: &Stack) -> Result<String, Wrong> {
    let key = stack.needed("key-arn", "deploy infra/key.yaml").await?;
    for (secret, write) in secrets::ALL {
        let Some(found) = stack.described(secret).await? else {
            return Err(Wrong::new(format!("{secret} is missing"), write));
        };
        if found["Type"] != "SecureString" || found["KeyId"] != *key {
            let write = format!("put it anew: `ops --yes secrets put {secret}`, `ops apply`");
            return Err(Wrong::new(
                format!("{secret} is not under the stack's key"),
                write,
            ));
        }
        let value = stack.needed(secret, write).await?;
        // Whether it is one of the public keys is looked at with those.
        if secret != SIGNING_KEY
            && let Err(problem) = secrets::check(stack, secret, &value).await
        {
            return Err(Wrong::new(problem.to_string(), write));
        }
    }
    Ok("each is there, under the stack's key".to_owned())
}

/// Whether what is printed now opens its page.
pub(super) async fn signing_key(stack: &Stack) -> Result<String, Wrong> {
    let pem = stack
        .needed(SIGNING_KEY, "`ops keys new` writes it")
        .await?;
    let jwks = stack
        .needed("token/keys", "`ops keys new` writes it")
        .await?;
    let keys = Keys::from_vars(&|_| Some(jwks.clone()));
    if keys.is_ok_and(|keys| SigningKey::from_pem(&pem, &keys).is_ok()) {
        Ok("what is printed now opens its page".to_owned())
    } else {
        Err(Wrong::new(
            "the signing key is none of token/keys: what is printed now opens no page",
            "`ops keys list`; put the right one with `ops --yes secrets put token/signing-key`",
        ))
    }
}

async fn table(stack: &Stack) -> Result<String, Wrong> {
    let name = stack.needed("table", "`ops prepare` writes it").await?;
    let name = format!("{}-{name}", stack.name);
    let table = described(stack, "describe-table", "Table").await?;
    let backups = described(
        stack,
        "describe-continuous-backups",
        "ContinuousBackupsDescription",
    )
    .await?;
    let to_live = described(stack, "describe-time-to-live", "TimeToLiveDescription").await?;
    let key = stack.needed("key-arn", "deploy infra/key.yaml").await?;
    let indexes = table["GlobalSecondaryIndexes"].as_array();
    let recovery = &backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"];
    for (is_so, lacks) in [
        (table["TableStatus"] == "ACTIVE", "it is not active"),
        (
            indexes.is_some_and(|them| {
                let is_ours =
                    |it: &Value| it["IndexName"] == "open-work" && it["IndexStatus"] == "ACTIVE";
                them.iter().any(is_ours)
            }),
            "its index open-work is not active: nothing is swept",
        ),
        (
            table["SSEDescription"]["KMSMasterKeyArn"] == *key,
            "it is not encrypted with the stack's key",
        ),
        (
            table["DeletionProtectionEnabled"] == true,
            "it can be deleted by mistake",
        ),
        (*recovery == "ENABLED", "it cannot be restored"),
        (
            to_live["TimeToLiveStatus"] == "ENABLED" && to_live["AttributeName"] == "expires_at",
            "it is never tidied up",
        ),
    ] {
        if !is_so {
            let to_do =
                "infra/runbook.md, \"Step 4: the new table\", shows how each is switched on";
            return Err(Wrong::new(format!("{name}: {lacks}"), to_do));
        }
    }
    Ok(format!("{name} is active, protected, and can be restored"))
}

async fn account(stack: &Stack) -> Result<String, Wrong> {
    let settings = aws::call(&["lambda", "get-account-settings"]).await?;
    let limit = &settings["AccountLimit"]["ConcurrentExecutions"];
    let Some(limit) = limit.as_i64() else {
        return Err(Wrong::new(
            "AWS does not say how many functions may run at once",
            "again",
        ));
    };
    let reserves = stack
        .template_parameter("ReservedConcurrency")
        .await?
        .as_deref()
        == Some("on");
    if reserves && limit >= CONCURRENCY_MIN {
        Ok(format!(
            "{limit} functions at once, and a place of their own for sweep and night"
        ))
    } else if !reserves
        && stack
            .template_parameter("PayPalEnvironment")
            .await?
            .as_deref()
            != Some("live")
    {
        Ok(format!("{limit} functions at once"))
    } else {
        Err(Wrong::new(
            format!(
                "{limit} functions at once, ReservedConcurrency={}",
                if reserves { "on" } else { "off" }
            ),
            "ask for 1,000 (Service Quotas, AWS Lambda, Concurrent executions); then \
             ReservedConcurrency=on in infra/samconfig.toml, `sam deploy`, `ops apply`",
        ))
    }
}

/// Whether a certificate is there, for its host, and renews itself in time.
async fn certificate(
    stack: &Stack,
    arn: &str,
    host: &str,
    now: Timestamp,
) -> Result<String, Wrong> {
    let arn = stack.template_parameter(arn).await?.unwrap_or_default();
    let host = stack.template_parameter(host).await?.unwrap_or_default();
    let asked = aws::call(&["acm", "describe-certificate", "--certificate-arn", &arn]).await?;
    let certificate = &asked["Certificate"];
    let status = certificate["Status"].as_str().unwrap_or("unknown");
    let names = certificate["SubjectAlternativeNames"].as_array();
    let names_host = certificate["DomainName"] == *host
        || names.is_some_and(|names| names.iter().any(|name| *name == *host));
    let to_do = "`aws acm describe-certificate` names the records that the city's DNS must keep";
    if status != "ISSUED" {
        return Err(Wrong::new(format!("{host}: {status}"), to_do));
    }
    if !names_host {
        return Err(Wrong::new(
            format!("it is not for {host}"),
            "the right ARN into infra/samconfig.toml, `sam deploy`, `ops apply`",
        ));
    }
    match ends(&certificate["NotAfter"]) {
        Some(ends) if ends_within(RENEWED_DAYS, ends, now) => {
            let day = ends.strftime("%Y-%m-%d");
            Err(Wrong::new(
                format!("{host}: it ends on {day} and was not renewed"),
                to_do,
            ))
        }
        Some(_) | None => Ok(format!("it is issued for {host}")),
    }
}

/// The `aws` command writes moments as RFC 3339 (2.x) or as seconds (1.x).
fn ends(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(text) => text.parse().ok(),
        Value::Number(seconds) => {
            let seconds = seconds.to_string();
            let whole = seconds.split('.').next()?;
            Timestamp::from_second(whole.parse().ok()?).ok()
        }
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Whether the gateway can find out who a token of the office is from.
async fn login(stack: &Stack) -> Result<String, Wrong> {
    let to_do = "OfficeIssuer in infra/samconfig.toml is what the login calls itself in \
                 `/.well-known/openid-configuration`, to the letter";
    let issuer = stack
        .template_parameter("OfficeIssuer")
        .await?
        .unwrap_or_default();
    let url = format!("{issuer}/.well-known/openid-configuration");
    let found = match asked::json(&url).await {
        Ok(found) => found,
        Err(problem) => return Err(Wrong::new(problem.to_string(), to_do)),
    };
    if found["issuer"] != *issuer {
        return Err(Wrong::new(
            format!("it calls itself {}", found["issuer"]),
            to_do,
        ));
    }
    let keys = found["jwks_uri"].as_str().unwrap_or_default();
    match asked::json(keys).await {
        Ok(keys) if keys["keys"].as_array().is_some_and(|keys| !keys.is_empty()) => {
            Ok(format!("{issuer} has keys"))
        }
        Ok(_) => Err(Wrong::new(format!("{keys} holds no keys"), to_do)),
        Err(problem) => Err(Wrong::new(problem.to_string(), to_do)),
    }
}

async fn on_call(stack: &Stack) -> Result<String, Wrong> {
    let alarms = Stack {
        name: stack.resource("Alarms").await?,
    };
    let topic = alarms.resource("Topic").await?;
    let asked = aws::call(&["sns", "list-subscriptions-by-topic", "--topic-arn", &topic]).await?;
    let subscriptions = asked["Subscriptions"].as_array().into_iter().flatten();
    let confirmed = subscriptions.filter(|it| {
        let arn = it["SubscriptionArn"].as_str().unwrap_or_default();
        arn.starts_with("arn:")
    });
    match confirmed.count() {
        0 => Err(Wrong::new(
            "nobody: no subscription is confirmed",
            "the link in the mail that AWS has sent; after three days it is sent anew by \
             `aws sns subscribe`",
        )),
        some => Ok(format!("{some} confirmed")),
    }
}

/// Its retention is another one for the first days of a year (infra/retention.yaml): one that
/// stayed so would take a year that must be kept.
async fn office_log(stack: &Stack, now: Timestamp) -> Result<String, Wrong> {
    const KEPT_DAYS: i64 = 731;
    let name = format!("/knoellchen/{}/access/office", stack.name);
    let arguments = [
        "logs",
        "describe-log-groups",
        "--log-group-name-prefix",
        &name,
    ];
    let groups = aws::call(&arguments).await?;
    let groups = groups["logGroups"].as_array().into_iter().flatten();
    let mut ours = groups.filter(|group| group["logGroupName"] == *name);
    let days = ours
        .next()
        .and_then(|group| group["retentionInDays"].as_i64());
    let day_of_year = now.to_zoned(TimeZone::UTC).day_of_year();
    match days {
        Some(KEPT_DAYS) => Ok("kept until the end of the year after".to_owned()),
        Some(365) if day_of_year < 6 => Ok("what the last year but one left goes".to_owned()),
        days => Err(Wrong::new(
            format!(
                "it is kept for {} days",
                days.map_or("all".to_owned(), |it| it.to_string())
            ),
            format!(
                "`aws logs put-retention-policy --log-group-name {name} --retention-in-days \
                 {KEPT_DAYS}`"
            ),
        )),
    }
}

async fn described(stack: &Stack, operation: &str, field: &str) -> Result<Value, Problem> {
    let table = stack.needed("table", "`ops prepare` writes it").await?;
    let table = format!("{}-{table}", stack.name);
    let mut answer = aws::call(&["dynamodb", operation, "--table-name", &table]).await?;
    Ok(answer[field].take())
}
