//! What every change leaves behind: a line in the journal, and an entry for the export.

pub(crate) mod export;
pub(crate) mod journal;
