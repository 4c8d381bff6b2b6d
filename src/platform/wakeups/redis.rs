//! Wake-ups between instances over one Redis channel.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use redis::{Client, RedisResult};
use tokio::sync::mpsc;

/// Beyond it a wake-up is dropped: waiters look by themselves every few seconds.
const QUEUE: usize = 1024;
const RECONNECT: Duration = Duration::from_secs(1);

#[derive(Clone, Debug)]
pub struct RedisWakeups {
    client: Client,
    channel: String,
    /// Of this instance: what it told itself it need not hear again.
    name: Arc<str>,
    outgoing: mpsc::Sender<String>,
}

impl RedisWakeups {
    /// Starts the task that publishes; it ends with the last clone. The name is this instance's alone, without spaces.
    pub fn start(client: Client, prefix: &str, name: &str) -> Self {
        let channel = format!("{prefix}:wake");
        let (outgoing, queue) = mpsc::channel(QUEUE);
        tokio::spawn(publish(client.clone(), channel.clone(), queue));
        Self { client, channel, name: name.into(), outgoing }
    }

    pub(super) fn publish(&self, text: &str) {
        if self.outgoing.try_send(format!("{} {text}", self.name)).is_err() {
            tracing::debug!("a wake-up for other instances was dropped");
        }
    }

    /// Calls `heard` for each message, and with "everything" after every reconnection.
    pub(super) async fn listen(&self, heard: impl Fn(&str)) {
        loop {
            if let Err(cause) = self.listen_once(&heard).await {
                tracing::debug!(%cause, "wake-ups of other instances are not heard");
            }
            tokio::time::sleep(RECONNECT).await;
        }
    }

    async fn listen_once(&self, heard: &impl Fn(&str)) -> RedisResult<()> {
        let mut pubsub = self.client.get_async_pubsub().await?;
        pubsub.subscribe(&self.channel).await?;
        heard("everything");
        let mut messages = pubsub.on_message();
        while let Some(message) = messages.next().await {
            let message = message.get_payload::<String>()?;
            match message.split_once(' ') {
                Some((name, _)) if *name == *self.name => {}
                Some((_, text)) => heard(text),
                None => heard("everything"),
            }
        }
        Ok(())
    }
}

async fn publish(client: Client, channel: String, mut queue: mpsc::Receiver<String>) {
    let mut connection = None;
    while let Some(text) = queue.recv().await {
        // Twice: that a connection was lost while idle is noticed by the first who sends.
        for _ in 0..2 {
            if connection.is_none() {
                connection = client.get_multiplexed_async_connection().await.ok();
            }
            let Some(open) = connection.as_mut() else { break };
            let sent: RedisResult<()> = redis::cmd("PUBLISH").arg(&channel).arg(&text).query_async(open).await;
            if sent.is_ok() {
                break;
            }
            connection = None;
        }
    }
}
