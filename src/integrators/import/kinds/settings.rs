use entity::ids::ProviderId;
use entity::provider;

use crate::integrators::register::ProviderSettings;

/// The row of a provider with these settings.
pub fn provider_row(id: ProviderId, settings: &ProviderSettings) -> provider::Model {
    let ProviderSettings { account_number, bank, .. } = settings.clone();
    let search_name = [Some(&settings.name), settings.region.as_ref()].into_iter().flatten();
    let search_name = search_name.map(|part| part.to_lowercase()).collect::<Vec<_>>().join(" ");
    let proofs: Vec<_> = settings.access_proofs.iter().map(|proof| proof.word()).collect();
    provider::Model {
        id,
        code: settings.code.clone(),
        name: settings.name.clone(),
        search_name,
        region: settings.region.clone(),
        account_number_pattern: account_number.pattern,
        account_number_sample: account_number.sample,
        account_number_hint_ru: account_number.hint_ru,
        account_number_hint_en: account_number.hint_en,
        access_proofs: proofs.join(","),
        reading_window_first_day: settings.reading_window.map(|window| window.first_day),
        reading_window_last_day: settings.reading_window.map(|window| window.last_day),
        support_email: settings.support_email.clone(),
        time_zone_minutes: settings.time_zone_minutes,
        usual_monthly_maximum: settings.usual_monthly_maximum(),
        inn: bank.as_ref().map(|bank| bank.inn.clone()),
        kpp: bank.as_ref().and_then(|bank| bank.kpp.clone()),
        bank_name: bank.as_ref().map(|bank| bank.name.clone()),
        bic: bank.as_ref().map(|bank| bank.bic.clone()),
        bank_account: bank.as_ref().map(|bank| bank.account.clone()),
        correspondent_account: bank.map(|bank| bank.correspondent_account),
    }
}
