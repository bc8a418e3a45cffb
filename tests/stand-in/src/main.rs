//! The stand-in alone: `stand-in --port N [--data-file FILE]`.

use std::io;
use std::path::PathBuf;

use stand_in::{Amazon, Client, Options, SCOPES};

const USAGE: &str = "usage: stand-in [--port N] [--data-file FILE]

Runs a stand-in for Login with Amazon and Prime Gaming on 127.0.0.1 until ctrl-C.
Without --port it takes a free port; without --data-file it forgets everything at the end.";

const CLIENT_ID: &str = "amzn1.application-oa2-client.standin";
/// Opens nothing but this stand-in.
const CLIENT_SECRET: &str = "standin-client-secret";

fn options(mut arguments: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut options = Options::default();
    while let Some(name) = arguments.next() {
        let mut value = || {
            arguments
                .next()
                .ok_or_else(|| format!("{name} needs a value"))
        };
        match name.as_str() {
            "--port" => {
                let port = value()?;
                options.port = port
                    .parse()
                    .map_err(|_| format!("--port {port}: a port is a number from 0 to 65535"))?;
            }
            "--data-file" => options.data_file = Some(PathBuf::from(value()?)),
            other => return Err(format!("unknown argument {other}")),
        }
    }
    Ok(options)
}

#[tokio::main]
async fn main() -> io::Result<()> {
    if std::env::args().any(|argument| argument == "--help" || argument == "-h") {
        println!("{USAGE}");
        return Ok(());
    }
    let options = match options(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(what) => {
            eprintln!("{what}\n\n{USAGE}");
            std::process::exit(2);
        }
    };
    let amazon = Amazon::start(options).await?;
    amazon.register_client(Client {
        client_id: CLIENT_ID.to_owned(),
        client_secret: Some(CLIENT_SECRET.to_owned()),
        return_urls: vec![Client::ANY_LOOPBACK_CALLBACK.to_owned()],
        allowed_scopes: SCOPES.map(str::to_owned).to_vec(),
    });
    let url = amazon.base_url();
    println!("# Claim offers at {url}/ and steer it at {url}/_control");
    println!("# lwa_client_secret of this client: {CLIENT_SECRET}");
    println!("LWA_CLIENT_ID={CLIENT_ID}");
    for (name, value) in amazon.settings() {
        println!("{name}={value}");
    }
    tokio::signal::ctrl_c().await?;
    amazon.shutdown().await;
    Ok(())
}
