//! What each function may do, and to what.

use std::collections::BTreeSet;

use local::template::{OWN_TABLE, Statement, TABLE_IN_USE, TEXT};

use super::{of_type, template};

/// What each role may do to the table, and to which partitions of it; nothing may be added
/// without a look here. `*` stands for what follows.
const TABLE_ACTIONS: [(&str, &str, &[&str], &[&str]); 23] = [
    (
        "ShowTicket",
        "Read",
        &["GetItem"],
        &["MUNICIPALITY#*", "TICKET#*", "ATTEMPT#*"],
    ),
    (
        "StartCheckout",
        "Read",
        &["GetItem", "Query"],
        &[
            "MUNICIPALITY#*",
            "TICKET#*",
            "ATTEMPT#*",
            "PAYPAL_ACCESS_TOKEN",
        ],
    ),
    (
        "StartCheckout",
        "Write",
        &["PutItem", "UpdateItem", "ConditionCheckItem"],
        &[
            "TICKET#*",
            "ATTEMPT#*",
            "EXPORT#*",
            "CHANGES#*",
            "PAYPAL_ACCESS_TOKEN",
        ],
    ),
    (
        "FinishCheckout",
        "Read",
        &["GetItem"],
        &[
            "MUNICIPALITY#*",
            "TICKET#*",
            "ATTEMPT#*",
            "PAYPAL_ACCESS_TOKEN",
        ],
    ),
    (
        "FinishCheckout",
        "Write",
        &["PutItem", "UpdateItem", "ConditionCheckItem"],
        &[
            "TICKET#*",
            "ATTEMPT#*",
            "EXPORT#*",
            "CHANGES#*",
            "PAYPAL_ACCESS_TOKEN",
        ],
    ),
    (
        "ReceiveWebhook",
        "Read",
        &["GetItem", "Query"],
        &[
            "TICKET#*",
            "ATTEMPT#*",
            "EXPORT#*",
            "CHANGES#*",
            "FOREIGN#*",
            "EVENT#*",
            "PAYPAL_ACCESS_TOKEN",
        ],
    ),
    (
        "ReceiveWebhook",
        "Write",
        &["PutItem", "UpdateItem", "ConditionCheckItem"],
        &[
            "TICKET#*",
            "ATTEMPT#*",
            "EXPORT#*",
            "CHANGES#*",
            "EVENT#*",
            "OPEN_REFUNDS",
            "PAYPAL_ACCESS_TOKEN",
        ],
    ),
    (
        "ReconcilePayments",
        "Read",
        &["GetItem", "Query"],
        &[
            "MUNICIPALITY#*",
            "TICKET#*",
            "ATTEMPT#*",
            "EXPORT#*",
            "CHANGES#*",
            "FOREIGN#*",
            "NIGHTS",
            "OPEN_REFUNDS",
            "PAYPAL_ACCESS_TOKEN",
        ],
    ),
    (
        "ReconcilePayments",
        "Write",
        &["PutItem", "UpdateItem", "ConditionCheckItem"],
        &[
            "TICKET#*",
            "ATTEMPT#*",
            "EXPORT#*",
            "CHANGES#*",
            "FOREIGN#*",
            "NIGHTS",
            "OPEN_REFUNDS",
            "PAYPAL_ACCESS_TOKEN",
        ],
    ),
    (
        "ReconcilePayments",
        "Lists",
        &["Query"],
        &["LIKELY#*", "NEW#*", "OPEN#*", "REFUND#*"],
    ),
    (
        "CompareBooks",
        "Read",
        &["GetItem", "Query"],
        &[
            "TICKET#*",
            "ATTEMPT#*",
            "EXPORT#*",
            "CHANGES#*",
            "FOREIGN#*",
            "NIGHTS",
            "OPEN_REFUNDS",
            "PAYPAL_ACCESS_TOKEN",
        ],
    ),
    (
        "CompareBooks",
        "Write",
        &["PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem"],
        &[
            "TICKET#*",
            "ATTEMPT#*",
            "EXPORT#*",
            "CHANGES#*",
            "FOREIGN#*",
            "NIGHTS",
            "OPEN_REFUNDS",
            "PAYPAL_ACCESS_TOKEN",
        ],
    ),
    (
        "IssueTickets",
        "Read",
        &["GetItem"],
        &["MUNICIPALITY#*", "TICKET#*", "CHANGES#*"],
    ),
    (
        "IssueTickets",
        "Write",
        &["PutItem", "UpdateItem"],
        &["TICKET#*", "CHANGES#*"],
    ),
    (
        "ManageTickets",
        "Read",
        &["GetItem", "Query"],
        &["TICKET#*", "ATTEMPT#*", "CHANGES#*"],
    ),
    (
        "ManageTickets",
        "Write",
        &["PutItem", "UpdateItem"],
        &["TICKET#*", "CHANGES#*"],
    ),
    ("ManageTickets", "Lists", &["Query"], &["TICKET#*"]),
    (
        "RecordPayments",
        "Read",
        &["GetItem", "Query"],
        &[
            "MUNICIPALITY#*",
            "TICKET#*",
            "RECEIPT#*",
            "EXPORT#*",
            "CHANGES#*",
        ],
    ),
    (
        "RecordPayments",
        "Write",
        &["PutItem", "UpdateItem"],
        &["TICKET#*", "RECEIPT#*", "EXPORT#*", "CHANGES#*"],
    ),
    ("RecordPayments", "Lists", &["Query"], &["REFUND#*"]),
    ("NotifyCity", "Read", &["Query"], &["CHANGES#*"]),
    (
        "NotifyCity",
        "Write",
        &["GetItem", "Query", "PutItem", "UpdateItem"],
        &["SUBSCRIBER#*"],
    ),
    ("NotifyCity", "Lists", &["Query"], &["MESSAGE#*"]),
];

fn statements() -> Vec<Statement> {
    Statement::all(TEXT).unwrap()
}

#[test]
fn each_function_has_a_role_of_its_own_and_a_log_group_of_its_own() {
    let mut roles = BTreeSet::new();
    for (name, node) in of_type("AWS::Serverless::Function") {
        let role = node.get("Properties.Role").unwrap().reference().unwrap();
        assert_eq!(role, format!("{name}Role"));
        roles.insert(role);
        let logs = node.get("Properties.LoggingConfig.LogGroup").unwrap();
        assert_eq!(logs.reference().unwrap(), format!("{name}Logs"));
        // SAM adds its own, broader policies where these are set.
        assert!(node.get("Properties").unwrap().find("Policies").is_none());
    }
    assert_eq!(roles.len(), 10);
}

#[test]
fn a_role_names_every_action_and_every_resource() {
    for statement in statements() {
        let place = format!("{}.{}", statement.role, statement.sid);
        // One has no resource of its own: Lambda asks which streams a table has.
        let is_list = statement.actions == ["dynamodb:ListStreams"]
            && statement.resource.ends_with(":table/${Table}/stream/*");
        assert!(is_list || !statement.resource.contains('*'), "{place}");
        for action in &statement.actions {
            // What is denied may be denied as a whole.
            let is_denied = statement.effect == "Deny";
            assert!(is_denied || !action.contains('*'), "{place}: {action}");
        }
    }
}

#[test]
fn what_a_role_may_do_to_the_table_is_what_is_listed() {
    let mut listed = TABLE_ACTIONS.into_iter();
    for statement in statements() {
        if !statement.resource.contains(TABLE_IN_USE) {
            continue;
        }
        let (role, sid, actions, keys) = listed.next().unwrap();
        let (of, name) = (statement.role.as_str(), statement.sid.as_str());
        assert_eq!((of, name), (role, sid));
        let actions: Vec<String> = actions.iter().map(|it| format!("dynamodb:{it}")).collect();
        assert_eq!(statement.actions, actions, "{role} {sid}");
        let condition = "ForAllValues:StringLike dynamodb:LeadingKeys";
        assert_eq!(statement.conditions[condition], keys, "{role} {sid}");
        assert_eq!(statement.conditions.len(), 1, "{role} {sid}");
        assert_eq!(statement.effect, "Allow", "{role} {sid}");
        let is_list = statement.resource.contains("/index/");
        assert_eq!(is_list, sid == "Lists", "{role} {sid}");
    }
    assert_eq!(listed.next(), None);
}

/// The city's account, and who may be asked to pay into it, is for ops to write.
#[test]
fn no_function_writes_what_the_city_is() {
    for statement in statements() {
        for action in ["PutItem", "UpdateItem", "DeleteItem"] {
            let action = format!("dynamodb:{action}");
            let covers = statement.covers(&action, "", "MUNICIPALITY#07312000");
            assert!(!covers, "{} {}", statement.role, statement.sid);
        }
    }
}

/// Of what a partition holds IAM sees its key: who books what PayPal has captured may
/// write a ticket's partition, and with it any payment of it. Cash is known by a partition
/// of its own, so that no function that the public reaches can say that some was taken.
#[test]
fn no_function_that_the_public_reaches_takes_cash_or_reads_the_citys_lists() {
    for function in [
        "ShowTicket",
        "StartCheckout",
        "FinishCheckout",
        "ReceiveWebhook",
    ] {
        let statements = statements().into_iter();
        for statement in statements.filter(|statement| statement.role == function) {
            for action in [
                "GetItem",
                "Query",
                "PutItem",
                "UpdateItem",
                "ConditionCheckItem",
            ] {
                let action = format!("dynamodb:{action}");
                assert!(
                    !statement.covers(&action, "", "RECEIPT#cash-1"),
                    "{function}"
                );
                let list = statement.covers(&action, "/index/open-work", "TICKET#open#00");
                assert!(!list, "{function}");
            }
        }
    }
}

#[test]
fn whoever_sends_to_others_reads_no_ticket() {
    for statement in statements() {
        if statement.role == "NotifyCity" {
            for index in ["", "/index/open-work"] {
                let reads = ["GetItem", "Query"].map(|action| {
                    statement.covers(&format!("dynamodb:{action}"), index, "TICKET#open#00")
                });
                assert_eq!(reads, [false, false], "{}", statement.sid);
            }
        }
    }
}

/// A role that forgot it would not reach a restored table; one that named it alone would
/// lose the old one before its function was told the new one.
#[test]
fn every_role_means_the_stacks_own_table_and_the_one_that_is_used() {
    let mut own = BTreeSet::new();
    let mut used = BTreeSet::new();
    for statement in statements() {
        let (resource, place) = (&statement.resource, (statement.role, statement.sid));
        if let Some((_, on)) = resource.split_once(TABLE_IN_USE) {
            used.insert((place, on.to_owned()));
        } else if let Some((_, on)) = resource.split_once(OWN_TABLE) {
            own.insert((place, on.to_owned()));
        } else {
            // The stream is that of the stack's own table: a restored one has none.
            let is_stream = resource.contains("/stream/");
            assert_eq!(resource.contains(":dynamodb:"), is_stream, "{place:?}");
        }
    }
    assert_eq!(own, used);
    assert_eq!(used.len(), TABLE_ACTIONS.len());
}

#[test]
fn only_functions_that_call_paypal_may_read_its_access_token_or_its_credentials() {
    let statements = statements();
    for function in template().functions {
        let calls_paypal = function
            .variables
            .contains_key("PAYPAL_CREDENTIALS_PARAMETER");
        let of_role = || statements.iter().filter(|s| s.role == function.resource);
        let may = of_role().any(|s| s.covers("dynamodb:GetItem", "", "PAYPAL_ACCESS_TOKEN"));
        assert_eq!(may, calls_paypal, "{}", function.name);
        let reads = of_role().any(|s| s.resource.ends_with("/paypal/credentials"));
        assert_eq!(reads, calls_paypal, "{}", function.name);
    }
}

/// The mock of AWS asks no key: a role that may read a secret and not decrypt it would be
/// found by the first start in the cloud.
#[test]
fn whoever_may_read_a_secret_may_decrypt_it() {
    let statements = statements();
    let mut secrets = 0;
    for reads in &statements {
        if reads.actions != ["ssm:GetParameter"] {
            continue;
        }
        secrets += 1;
        let decrypts = statements.iter().any(|other| {
            let of = "StringEquals kms:EncryptionContext:PARAMETER_ARN";
            other.role == reads.role
                && other.actions == ["kms:Decrypt"]
                && other.conditions.get(of) == Some(&vec![reads.resource.clone()])
        });
        assert!(decrypts, "{} {}", reads.role, reads.sid);
    }
    assert!(secrets > 6, "{secrets}");
}

#[test]
fn only_the_function_that_signs_may_read_the_signing_key() {
    let readers: BTreeSet<String> = statements()
        .into_iter()
        .filter(|s| s.resource.ends_with("/token/signing-key"))
        .map(|s| s.role)
        .collect();
    assert_eq!(readers, BTreeSet::from(["IssueTickets".to_owned()]));
}

#[test]
fn the_key_opens_only_through_the_service_that_needs_it() {
    for statement in statements() {
        if statement
            .actions
            .iter()
            .any(|action| action.starts_with("kms:"))
        {
            let via = &statement.conditions["StringEquals kms:ViaService"][0];
            assert!(
                via == "dynamodb.${AWS::Region}.amazonaws.com"
                    || via == "ssm.${AWS::Region}.amazonaws.com",
                "{}.{}: {via}",
                statement.role,
                statement.sid
            );
        }
    }
}
