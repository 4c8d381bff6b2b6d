//! Use and bills as CSV (RFC 4180), UTF-8, separated by commas. Numbers are exact, with a point.

use std::fmt::Display;

use entity::ids::PersonalAccountId;

use super::statement::ascii;
use super::{Paper, Papers, Table};
use crate::accounts::AccountKey;
use crate::billing::consumption::Span;
use crate::kernel::{Fault, Person};

type Row = Vec<String>;

impl Papers {
    pub(super) async fn table(
        &self,
        person: &Person,
        table: Table,
        id: PersonalAccountId,
    ) -> Result<Option<Paper>, Fault> {
        let Some(access) = self.full_access(person, id).await? else { return Ok(None) };
        let (word, rows) = match table {
            Table::Usage => ("usage", self.usage(access.key()).await?),
            Table::Statements => ("bills", self.statements(access.key()).await?),
            Table::Charges => ("charges", self.charges(access.key()).await?),
        };
        let name = format!("{word}-{}.csv", ascii(access.number()));
        Ok(Some(Paper { name, content_type: "text/csv; charset=utf-8", bytes: bytes(rows)? }))
    }

    async fn usage(&self, account: AccountKey) -> Result<Vec<Row>, Fault> {
        let (from, to) = self.months();
        let span = Span::new(account, from, to).map_err(|_| Fault::internal("a table has too many months"))?;
        let months = self.billing.list_consumption(&self.metering, &[span]).await?.remove(&span).unwrap_or_default();
        let head = ["period", "service_code", "meter", "serial_number", "volume", "unit", "basis", "year_before"];
        let rows = months.into_iter().map(|used| {
            let (name, serial) = used.meter.map(|meter| (meter.name, meter.serial_number)).unwrap_or_default();
            vec![
                used.period.to_string(),
                plain(&used.service_code),
                plain(&name),
                plain(&serial),
                used.volume.to_string(),
                used.unit.word().to_owned(),
                used.basis.word().to_owned(),
                optional(used.year_before),
            ]
        });
        Ok(with_head(&head, rows))
    }

    async fn statements(&self, account: AccountKey) -> Result<Vec<Row>, Fault> {
        let (from, to) = self.months();
        let statements = self.billing.statements_between(account, from, to).await?;
        let head =
            ["period", "opening", "accrued", "recalculated", "penalty", "paid", "closing", "due_on", "issued_at"];
        let rows = statements.into_iter().map(|of| {
            let sums = [of.opening, of.accrued, of.recalculated, of.penalty, of.paid, of.closing];
            let days = [of.due_on.to_string(), of.issued_at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)];
            let sums = sums.iter().map(ToString::to_string);
            std::iter::once(of.period.to_string()).chain(sums).chain(days).collect()
        });
        Ok(with_head(&head, rows))
    }

    async fn charges(&self, account: AccountKey) -> Result<Vec<Row>, Fault> {
        let (from, to) = self.months();
        let statements = self.billing.statements_between(account, from, to).await?;
        let ids: Vec<_> = statements.iter().map(|statement| statement.id).collect();
        let lines = self.billing.list_lines(&ids).await?;
        let head = [
            "period",
            "service_code",
            "service",
            "volume",
            "unit",
            "price",
            "coefficient",
            "amount",
            "basis",
            "explanation",
        ];
        let of_statement = statements.iter().flat_map(|statement| {
            let own = lines.iter().filter(move |line| line.statement_id == statement.id);
            own.map(move |line| {
                vec![
                    statement.period.to_string(),
                    plain(&line.service_code),
                    plain(&line.service_name),
                    line.volume.to_string(),
                    line.unit.word().to_owned(),
                    line.price.to_string(),
                    line.coefficient.to_string(),
                    line.amount.to_string(),
                    line.basis.word().to_owned(),
                    plain(line.explanation.as_deref().unwrap_or_default()),
                ]
            })
        });
        Ok(with_head(&head, of_statement))
    }
}

fn optional(value: Option<impl Display>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// A text that no table program takes for a formula (OWASP, CSV injection).
fn plain(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if formula { format!("'{text}") } else { text.to_owned() }
}

fn with_head(head: &[&str], rows: impl Iterator<Item = Row>) -> Vec<Row> {
    let head = head.iter().map(|name| (*name).to_owned()).collect();
    std::iter::once(head).chain(rows).collect()
}

fn bytes(rows: Vec<Row>) -> Result<Vec<u8>, Fault> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    for row in rows {
        writer.write_record(row).map_err(Fault::internal)?;
    }
    writer.into_inner().map_err(Fault::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_quoted_where_it_must_be_and_never_a_formula() {
        let rows = with_head(&["a", "b"], std::iter::once(vec![plain("=1+1"), plain("ул. Мира, 5 \"А\"")]));
        assert_eq!(String::from_utf8(bytes(rows).unwrap()).unwrap(), "a,b\r\n'=1+1,\"ул. Мира, 5 \"\"А\"\"\"\r\n");
        assert_eq!(plain("Газ-1"), "Газ-1");
    }
}
