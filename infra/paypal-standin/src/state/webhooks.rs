//! Which webhooks are registered: where each leads, and of what it is told.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::event_types::ALL;
use crate::settings::Settings;

/// A registered webhook.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Webhook {
    /// What the signatures of its deliveries cover.
    pub(crate) id: String,
    /// `None` where a driver takes what is for it.
    pub(crate) url: Option<String>,
    /// The event types it subscribes, by name.
    pub(crate) event_types: Vec<String>,
}

impl Webhook {
    /// The one there is at the start.
    fn of(settings: &Settings) -> Self {
        Self {
            id: settings.webhook_id.clone(),
            url: settings.webhook_url.clone(),
            event_types: settings.webhook_events.clone(),
        }
    }

    pub(crate) fn subscribes(&self, event_type: &str) -> bool {
        let mut names = self.event_types.iter();
        names.any(|name| name == ALL || name == event_type)
    }

    /// Whether both lead to the same address and are told of the same, in whatever order.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        let told_of = |webhook: &Self| webhook.event_types.iter().cloned().collect();
        let (one, another): (BTreeSet<_>, BTreeSet<_>) = (told_of(self), told_of(other));
        self.url == other.url && one == another
    }
}

/// The registered webhooks, in the order they were registered in.
#[derive(Serialize, Deserialize)]
pub(crate) struct Webhooks(Vec<Webhook>);

impl Webhooks {
    pub(crate) fn of(settings: &Settings) -> Self {
        Self(vec![Webhook::of(settings)])
    }

    /// What stands for the list where none was kept, until [`Webhooks::started`] has put
    /// the one of the settings there: its id, which no webhook has, is empty.
    pub(super) fn not_kept() -> Self {
        Self(vec![Webhook {
            id: String::new(),
            url: None,
            event_types: Vec::new(),
        }])
    }

    /// What was kept is there again; but the settings' own webhook leads to where this
    /// start listens, or its events would go to the port of the last one.
    pub(super) fn started(&mut self, settings: &Settings) {
        for webhook in &mut self.0 {
            if webhook.id.is_empty() {
                *webhook = Webhook::of(settings);
            } else if webhook.id == settings.webhook_id {
                webhook.url.clone_from(&settings.webhook_url);
            }
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Webhook> {
        self.0.iter()
    }

    pub(crate) fn with_id(&self, id: &str) -> Option<&Webhook> {
        self.iter().find(|webhook| webhook.id == id)
    }

    /// The ids of those that subscribe events of this type.
    pub(crate) fn subscribers(&self, event_type: &str) -> Vec<String> {
        let subscribers = self.iter().filter(|webhook| webhook.subscribes(event_type));
        subscribers.map(|webhook| webhook.id.clone()).collect()
    }

    /// Registers it, or changes the one that has its id.
    pub(crate) fn put(&mut self, webhook: Webhook) {
        match self.0.iter_mut().find(|it| it.id == webhook.id) {
            Some(registered) => *registered = webhook,
            None => self.0.push(webhook),
        }
    }

    pub(crate) fn remove(&mut self, id: &str) {
        self.0.retain(|webhook| webhook.id != id);
    }
}
