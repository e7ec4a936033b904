//! `standing operations`: the operations that can be called.

use serde::Serialize;
use standing_core::operation::{Effect, OperationInfo, RateLimit};

use crate::failure::Failure;
use crate::output::layout::{Column, table};
use crate::output::stdio;
use crate::output::to_json::as_json;
use crate::providers::{self, PROVIDERS};

/// Lists the operations that can be called.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Only the operations of this provider
    provider: Option<String>,
    /// The format of the list
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Table,
    Json,
}

/// An operation in the list.
#[derive(Serialize)]
struct Listed {
    provider: &'static str,
    service: &'static str,
    name: &'static str,
    method: &'static str,
    path: &'static str,
    effect: &'static str,
    metered: bool,
    paged: bool,
    rate: Option<Rate>,
    summary: &'static str,
}

#[derive(Serialize)]
struct Rate {
    requests: u32,
    seconds: u32,
}

impl Listed {
    fn new(provider: &'static str, info: &OperationInfo) -> Self {
        Self {
            provider,
            service: info.service.name,
            name: info.name,
            method: info.method.as_str(),
            path: info.path,
            effect: match info.effect {
                Effect::Write => "write",
                _ => "read",
            },
            metered: info.metered,
            paged: info.paged,
            rate: info
                .rate
                .map(|RateLimit { requests, seconds }| Rate { requests, seconds }),
            summary: info.summary,
        }
    }

    fn marks(&self) -> String {
        let marks = [
            (true, self.effect),
            (self.metered, "metered"),
            (self.paged, "paged"),
        ];
        let marks = marks.iter().filter(|(set, _)| *set);
        marks.map(|(_, mark)| *mark).collect::<Vec<_>>().join(", ")
    }

    fn rate(&self) -> String {
        match &self.rate {
            None => "-".to_owned(),
            Some(Rate {
                requests,
                seconds: 1,
            }) => format!("{requests}/s"),
            Some(Rate { requests, seconds }) => format!("{requests} in {seconds} s"),
        }
    }
}

/// Prints the list.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let only = arguments.provider.as_deref().map(providers::find);
    let only = only.transpose()?.map(|provider| provider.name());
    let listed: Vec<_> = PROVIDERS
        .iter()
        .filter(|provider| only.is_none_or(|only| only == provider.name()))
        .flat_map(|provider| {
            let operations = provider.operations();
            operations
                .into_iter()
                .map(|info| Listed::new(provider.name(), &info))
        })
        .collect();
    match arguments.format {
        Format::Json => stdio::line(&as_json(&listed))?,
        Format::Table => {
            let columns = [
                Column::left("PROVIDER"),
                Column::left("OPERATION"),
                Column::left("KIND"),
                Column::right("RATE").dispensable(),
                Column::left("SUMMARY").wraps(),
            ];
            let rows = listed.iter().map(|one| {
                vec![
                    one.provider.into(),
                    format!("{}/{}", one.service, one.name).into(),
                    one.marks().into(),
                    one.rate().into(),
                    one.summary.into(),
                ]
            });
            stdio::block(&table(&columns, rows, stdio::width()))?;
        }
    }
    Ok(())
}
