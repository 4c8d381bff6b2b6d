//! Stands between an app and its Redis, so that a test can take Redis away without touching the one that all tests share.

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

pub struct Proxy {
    /// What the app is told to connect to.
    pub url: String,
    open: watch::Sender<bool>,
}

impl Proxy {
    /// Forwards to `redis://host:port…`.
    pub async fn before(redis: &str) -> Self {
        let place = redis.strip_prefix("redis://").unwrap();
        let place = place.split('/').next().unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = redis.replacen(&place, &listener.local_addr().unwrap().to_string(), 1);
        let (open, watched) = watch::channel(true);
        tokio::spawn(accept(listener, place, watched));
        Self { url, open }
    }

    /// Breaks every connection; new ones are closed at once.
    pub fn cut(&self) {
        self.open.send_replace(false);
    }

    pub fn restore(&self) {
        self.open.send_replace(true);
    }
}

async fn accept(listener: TcpListener, place: String, open: watch::Receiver<bool>) {
    while let Ok((mut client, _)) = listener.accept().await {
        let mut open = open.clone();
        let place = place.clone();
        tokio::spawn(async move {
            if !*open.borrow_and_update() {
                return;
            }
            let Ok(mut server) = TcpStream::connect(place).await else { return };
            tokio::select! {
                _ = copy_bidirectional(&mut client, &mut server) => {}
                _ = open.changed() => {}
            }
        });
    }
}
