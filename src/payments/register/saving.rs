//! Registers as files in a folder, for whoever carries them to providers.

use std::path::Path;

use entity::ids::PaymentRegisterId;
use tokio::io::AsyncWriteExt;

use super::store;
use crate::kernel::Fault;
use crate::payments::Payments;

impl Payments {
    /// Lays a register down as FOLDER/PROVIDER/FILE, where a folder is set. A file is there whole or not at all; done again
    /// it is the same.
    pub async fn save_register(&self, id: PaymentRegisterId) -> Result<(), Fault> {
        let Some(folder) = &self.config.payments.registers_folder else { return Ok(()) };
        let Some(register) = store::find_by_id(self.db.read(), id).await? else { return Ok(()) };
        let provider = self.accounts.find_provider(register.provider_id).await?;
        let code = provider.ok_or_else(|| Fault::internal("a register without a provider"))?.row.code;
        if !is_plain(&code) || !is_plain(&register.file_name) {
            return Err(Fault::internal(format!("{code}/{} is no place for a file", register.file_name)));
        }
        let saved = lay_down(&folder.join(code), &register.file_name, &register.content).await;
        saved.map_err(|cause| Fault::unavailable(format!("payments.registers_folder: {cause}")))
    }
}

/// Of one folder: no way up, no hidden file.
fn is_plain(name: &str) -> bool {
    let letters = name.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.'));
    letters && !name.is_empty() && !name.starts_with('.')
}

async fn lay_down(folder: &Path, name: &str, content: &[u8]) -> std::io::Result<()> {
    tokio::fs::create_dir_all(folder).await?;
    let half = folder.join(format!(".{name}.half"));
    let mut file = tokio::fs::File::create(&half).await?;
    file.write_all(content).await?;
    file.sync_all().await?;
    tokio::fs::rename(&half, folder.join(name)).await
}
