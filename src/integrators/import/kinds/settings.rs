use chrono::NaiveDate;
use entity::enums::LateReadings;
use entity::ids::ProviderId;
use entity::{provider, provider_terms};

use crate::integrators::register::{DatedSettings, ProviderSettings};

/// The row of a provider with these settings.
pub fn provider_row(id: ProviderId, settings: &ProviderSettings) -> provider::Model {
    let search_name = [Some(&settings.name), settings.region.as_ref()].into_iter().flatten();
    let search_name = search_name.map(|part| part.to_lowercase()).collect::<Vec<_>>().join(" ");
    provider::Model {
        id,
        code: settings.code.clone(),
        name: settings.name.clone(),
        search_name,
        region: settings.region.clone(),
    }
}

/// What holds once the file is loaded: the stored history up to the file's first day, from there on the file alone. A file
/// that has no days holds from the day of the export; where it says what holds on that day already, the history stays.
pub fn terms_rows(
    id: ProviderId,
    stored: &[provider_terms::Model],
    settings: &DatedSettings,
    exported_on: NaiveDate,
) -> Result<Vec<provider_terms::Model>, String> {
    let later = settings.later()?;
    let dated = settings.first.valid_from;
    let first = terms_row(id, &settings.first, dated.unwrap_or(exported_on));
    let in_force =
        stored.iter().filter(|terms| terms.valid_from <= first.valid_from).max_by_key(|terms| terms.valid_from);
    let same = in_force.filter(|terms| {
        dated.is_none() && provider_terms::Model { valid_from: terms.valid_from, ..first.clone() } == **terms
    });
    let begins = same.map_or(first.valid_from, |terms| terms.valid_from);
    let first = provider_terms::Model { valid_from: begins, ..first };
    let before = stored.iter().filter(|terms| terms.valid_from < begins).cloned();
    let later = later.iter().map(|(day, settings)| terms_row(id, settings, *day));
    let mut rows: Vec<_> = before.chain([first]).chain(later).collect();
    rows.sort_by_key(|terms| terms.valid_from);
    Ok(rows)
}

fn terms_row(provider_id: ProviderId, settings: &ProviderSettings, valid_from: NaiveDate) -> provider_terms::Model {
    let ProviderSettings { account_number, bank, due, readings, reading_window, .. } = settings.clone();
    let proofs: Vec<_> = settings.access_proofs.iter().map(|proof| proof.word()).collect();
    let languages: Vec<_> = settings.languages.iter().map(|language| language.word()).collect();
    provider_terms::Model {
        provider_id,
        valid_from,
        account_number_pattern: account_number.pattern,
        account_number_sample: account_number.sample,
        account_number_hint_ru: account_number.hint_ru,
        account_number_hint_en: account_number.hint_en,
        account_number_name_ru: account_number.name_ru,
        account_number_name_en: account_number.name_en,
        access_proofs: proofs.join(","),
        reading_window_first_day: reading_window.map(|window| window.first_day),
        reading_window_last_day: reading_window.map(|window| window.last_day),
        late_readings: reading_window.map_or(LateReadings::NextBill, |window| window.late),
        usual_monthly_maximum: settings.usual_monthly_maximum(),
        zero_consumption: readings.zero,
        rollover_allowed: readings.rollover,
        most_fraction_digits: readings.fraction_digits,
        expired_verification: readings.expired_verification,
        due_day: due.day,
        key_rate: settings.key_rate().and_then(|rate| i32::try_from(rate).ok()),
        penalty_steps: due.penalty_steps,
        support_email: settings.support_email.clone(),
        time_zone_minutes: settings.time_zone_minutes,
        languages: languages.join(","),
        payee_name: bank.as_ref().and_then(|bank| bank.payee.clone()),
        inn: bank.as_ref().map(|bank| bank.inn.clone()),
        kpp: bank.as_ref().and_then(|bank| bank.kpp.clone()),
        bank_name: bank.as_ref().map(|bank| bank.name.clone()),
        bic: bank.as_ref().map(|bank| bank.bic.clone()),
        bank_account: bank.as_ref().map(|bank| bank.account.clone()),
        correspondent_account: bank.map(|bank| bank.correspondent_account),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(valid_from: Option<&str>, due_day: i16, changes: &str) -> DatedSettings {
        let head = valid_from.map(|day| format!("valid_from = \"{day}\"\n")).unwrap_or_default();
        let text = format!(
            "{head}code = \"test\"\nname = \"Тест\"\ntime_zone_minutes = 180\n[account_number]\npattern = \"[0-9]\"\n\
             sample = \"1\"\nhint_ru = \"?\"\nhint_en = \"?\"\n[due]\nday = {due_day}\n{changes}"
        );
        DatedSettings::parse(&text).unwrap()
    }

    fn loaded(stored: &[provider_terms::Model], settings: &DatedSettings, on: &str) -> Vec<provider_terms::Model> {
        let id = ProviderId(uuid::Uuid::nil());
        terms_rows(id, stored, settings, on.parse().unwrap()).unwrap()
    }

    fn due(rows: &[provider_terms::Model]) -> Vec<(String, i16)> {
        rows.iter().map(|terms| (terms.valid_from.to_string(), terms.due_day)).collect()
    }

    fn day(day: &str, due: i16) -> (String, i16) {
        (day.to_owned(), due)
    }

    #[test]
    fn a_file_without_days_begins_on_the_day_of_its_export_and_leaves_history_alone() {
        let first = loaded(&[], &settings(None, 10, ""), "2025-01-01");
        assert_eq!(due(&first), [day("2025-01-01", 10)]);
        let same = loaded(&first, &settings(None, 10, ""), "2026-01-01");
        assert_eq!(same, first, "nothing is new");
        let moved = loaded(&first, &settings(None, 15, ""), "2026-03-01");
        assert_eq!(due(&moved), [day("2025-01-01", 10), day("2026-03-01", 15)]);
        let mended = loaded(&moved, &settings(None, 12, ""), "2026-03-01");
        assert_eq!(due(&mended), [day("2025-01-01", 10), day("2026-03-01", 12)]);
    }

    #[test]
    fn a_file_with_days_is_the_whole_truth_from_its_first_day_on() {
        let change = "[[change]]\nvalid_from = \"2026-03-01\"\ndue.day = 15\n";
        let announced = loaded(&[], &settings(Some("2020-01-01"), 10, change), "2025-12-01");
        assert_eq!(due(&announced), [day("2020-01-01", 10), day("2026-03-01", 15)]);
        let called_off = loaded(&announced, &settings(Some("2025-12-01"), 11, ""), "2025-12-02");
        assert_eq!(due(&called_off), [day("2020-01-01", 10), day("2025-12-01", 11)]);
    }
}
