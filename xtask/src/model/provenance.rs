//! Where a fact is from.

/// Prose with its provenance.
#[derive(Debug, Clone, Default)]
pub struct Doc {
    /// Markdown, whole sentences.
    pub text: String,
    /// Its provenance.
    pub provenance: Provenance,
}

/// The provenance of a fact that is not from the operation's page.
#[derive(Debug, Clone, Default)]
pub struct Provenance {
    /// Why it is assumed, if no source states it for certain.
    pub assumed: Option<String>,
    /// Where it, or what speaks for it, is stated.
    pub source: Option<String>,
}

impl Provenance {
    /// The texts, each with its label.
    pub fn labelled(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [("Source", &self.source), ("Assumption", &self.assumed)]
            .into_iter()
            .filter_map(|(label, text)| Some((label, text.as_deref()?)))
    }

    /// Sentences that begin with the label.
    pub fn sentences(&self) -> Vec<String> {
        let texts = self.labelled();
        texts
            .map(|(label, text)| format!("{label}: {text}"))
            .collect()
    }

    /// Sentences that begin with the label and the name of the fact.
    pub fn sentences_about(&self, fact: &str) -> Vec<String> {
        let texts = self.labelled();
        texts
            .map(|(label, text)| format!("{label} ({fact}): {text}"))
            .collect()
    }
}

/// The page that describes an operation.
#[derive(Debug, Default)]
pub struct Source {
    /// Title of the page.
    pub title: String,
    /// Who published it.
    pub publisher: String,
    /// When it was last changed.
    pub updated: Option<String>,
    /// Its address.
    pub url: Option<String>,
}
