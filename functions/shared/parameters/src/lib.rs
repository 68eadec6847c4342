//! Reads one configuration value: from the environment, or from the parameter store.
