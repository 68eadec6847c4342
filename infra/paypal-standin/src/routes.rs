//! Which call a request is.

use http::Method;

use crate::calls::On;

/// A call, with the id in its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route<'a> {
    Token,
    Create,
    GetOrder(&'a str),
    Capture(&'a str),
    GetCapture(&'a str),
    Refund(&'a str),
    GetRefund(&'a str),
    GetDispute(&'a str),
    Certificate(&'a str),
    Transactions,
    VerifyWebhook,
    CreateWebhook,
    ListWebhooks,
    GetWebhook(&'a str),
    UpdateWebhook(&'a str),
    DeleteWebhook(&'a str),
    ListEvents,
    GetEvent(&'a str),
    ResendEvent(&'a str),
    /// The payer's page: shown, or a button pressed.
    PayersPage {
        pressed: bool,
    },
    /// Root and intermediate of the signing certificate.
    Anchors,
    /// The levers of the stand-in itself, by the path behind `/_standin/`.
    Lever(&'a str),
    Unknown,
}

impl<'a> Route<'a> {
    pub(crate) fn of(method: &Method, path: &'a str) -> Self {
        let get = method == Method::GET || method == Method::HEAD;
        let post = method == Method::POST;
        let change = method == Method::PATCH;
        let delete = method == Method::DELETE;
        if get && path == "/_standin/anchors" {
            return Self::Anchors;
        }
        if let Some(lever) = path.strip_prefix("/_standin/") {
            return Self::Lever(lever);
        }
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        match parts.as_slice() {
            ["v1", "oauth2", "token"] if post => Self::Token,
            ["v2", "checkout", "orders"] if post => Self::Create,
            ["v2", "checkout", "orders", id] if get => Self::GetOrder(id),
            ["v2", "checkout", "orders", id, "capture"] if post => Self::Capture(id),
            ["v2", "payments", "captures", id] if get => Self::GetCapture(id),
            ["v2", "payments", "captures", id, "refund"] if post => Self::Refund(id),
            ["v2", "payments", "refunds", id] if get => Self::GetRefund(id),
            ["v1", "customer", "disputes", id] if get => Self::GetDispute(id),
            ["v1", "notifications", "certs", name] if get => Self::Certificate(name),
            ["v1", "reporting", "transactions"] if get => Self::Transactions,
            ["v1", "notifications", "verify-webhook-signature"] if post => Self::VerifyWebhook,
            ["v1", "notifications", "webhooks"] if post => Self::CreateWebhook,
            ["v1", "notifications", "webhooks"] if get => Self::ListWebhooks,
            ["v1", "notifications", "webhooks", id] if get => Self::GetWebhook(id),
            ["v1", "notifications", "webhooks", id] if change => Self::UpdateWebhook(id),
            ["v1", "notifications", "webhooks", id] if delete => Self::DeleteWebhook(id),
            ["v1", "notifications", "webhooks-events"] if get => Self::ListEvents,
            ["v1", "notifications", "webhooks-events", id] if get => Self::GetEvent(id),
            ["v1", "notifications", "webhooks-events", id, "resend"] if post => {
                Self::ResendEvent(id)
            }
            ["checkoutnow"] if get => Self::PayersPage { pressed: false },
            ["checkoutnow"] if post => Self::PayersPage { pressed: true },
            _ => Self::Unknown,
        }
    }

    /// The name the call is counted under.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Create => "create_order",
            Self::GetOrder(_) => "get_order",
            Self::Capture(_) => "capture_order",
            Self::GetCapture(_) => "get_capture",
            Self::Refund(_) => "refund_capture",
            Self::GetRefund(_) => "get_refund",
            Self::GetDispute(_) => "get_dispute",
            Self::Certificate(_) => "certificate",
            Self::Transactions => "transactions",
            Self::VerifyWebhook => "verify_webhook",
            Self::CreateWebhook => "create_webhook",
            Self::ListWebhooks => "list_webhooks",
            Self::GetWebhook(_) => "get_webhook",
            Self::UpdateWebhook(_) => "update_webhook",
            Self::DeleteWebhook(_) => "delete_webhook",
            Self::ListEvents => "list_events",
            Self::GetEvent(_) => "get_event",
            Self::ResendEvent(_) => "resend_event",
            Self::PayersPage { .. } => "payers_page",
            Self::Anchors | Self::Lever(_) => "lever",
            Self::Unknown => "unknown",
        }
    }

    /// What a fault on this call is set on; pages and levers have none.
    pub(crate) fn on(self) -> Option<On> {
        match self {
            Self::Token => Some(On::Token),
            Self::Create => Some(On::Create),
            Self::GetOrder(_) => Some(On::GetOrder),
            Self::Capture(_) => Some(On::Capture),
            Self::GetCapture(_) => Some(On::GetCapture),
            Self::Refund(_) => Some(On::Refund),
            Self::GetRefund(_) => Some(On::GetRefund),
            Self::GetDispute(_) => Some(On::GetDispute),
            Self::Certificate(_) => Some(On::Certificate),
            Self::Transactions => Some(On::Transactions),
            Self::VerifyWebhook
            | Self::CreateWebhook
            | Self::ListWebhooks
            | Self::GetWebhook(_)
            | Self::UpdateWebhook(_)
            | Self::DeleteWebhook(_)
            | Self::ListEvents
            | Self::GetEvent(_)
            | Self::ResendEvent(_)
            | Self::PayersPage { .. }
            | Self::Anchors
            | Self::Lever(_)
            | Self::Unknown => None,
        }
    }

    /// Whether the call needs an access token.
    pub(crate) fn needs_token(self) -> bool {
        match self {
            Self::Create
            | Self::GetOrder(_)
            | Self::Capture(_)
            | Self::GetCapture(_)
            | Self::Refund(_)
            | Self::GetRefund(_)
            | Self::GetDispute(_)
            | Self::Transactions
            | Self::VerifyWebhook
            | Self::CreateWebhook
            | Self::ListWebhooks
            | Self::GetWebhook(_)
            | Self::UpdateWebhook(_)
            | Self::DeleteWebhook(_)
            | Self::ListEvents
            | Self::GetEvent(_)
            | Self::ResendEvent(_) => true,
            Self::Token
            | Self::Certificate(_)
            | Self::PayersPage { .. }
            | Self::Anchors
            | Self::Lever(_)
            | Self::Unknown => false,
        }
    }
}
