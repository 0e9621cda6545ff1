//! SIGKILL in the middle of imports: the last good catalogue is there, whole, at the next start.

use super::{Form, PATIENCE, items, panel, relais};
use anyhow::{Result, ensure};
use harness::accounts::dice::Dice;
use harness::accounts::{Fault, Part, Revision, Spec};
use harness::catalogue::{Catalogue, differences};
use std::time::Instant;

const ENTRIES: u64 = 20_000;
const KILLS: u64 = 20;

#[tokio::test]
async fn twenty_kills_lose_nothing() -> Result<()> {
    let mut relais = relais().await?;
    let server = panel(Spec { seed: 501, ..Spec::of(ENTRIES) }).await?;
    server.preload(Part::List).await?;
    // How long an import goes on after the last byte has come.
    let url = server.m3u_url();
    let mut catalogue = Catalogue::of(&relais);
    let delivered = async {
        server.wait(PATIENCE, "delivered", |p| p.whole.contains_key(&Part::List)).await?;
        anyhow::Ok(Instant::now())
    };
    let (done, delivered) = tokio::try_join!(catalogue.add_m3u("home", &url), delivered)?;
    ensure!(done.error().is_none(), "{:?}", done.error());
    let after = delivered.elapsed();

    let mut dice = Dice::new(501, 0, 0);
    let mut good = server.spec();
    let (mut taken_over, mut kept) = (0, 0);
    for kill in 1..=KILLS {
        server.revise(Revision {
            rename: 300,
            regroup: 200,
            shuffle: kill % 4 == 0,
            ..Revision::number(kill)
        });
        server.preload(Part::List).await?;
        let next = server.spec();
        let midway = kill % 2 == 0;
        let before = server.delivered(Part::List);
        if midway {
            server.fail(Part::List, Fault::Stall(0.02 + dice.below(970) as f64 / 1000.0));
        }
        relais.call("POST", "/api/providers/home/refresh", None).await?;
        if midway {
            server.held(PATIENCE).await?;
        } else {
            server
                .wait(PATIENCE, "delivered", |p| p.whole.get(&Part::List).is_some_and(|n| *n > before))
                .await?;
            tokio::time::sleep(after.mul_f64(dice.below(1100) as f64 / 1000.0)).await;
        }
        // What it said to be there must be there.
        let said = Catalogue::of(&relais).provider("home").await?;
        relais.kill9()?;
        server.fail(Part::List, Fault::None);
        server.wait(PATIENCE, "let go", |progress| progress.held == 0).await?;
        relais.restart().await?;

        let channels = Catalogue::of(&relais).all("").await?;
        let (old, new) = (
            differences(items(&good, Form::M3u).into_iter(), &channels),
            differences(items(&next, Form::M3u).into_iter(), &channels),
        );
        ensure!(
            old.is_none() || new.is_none(),
            "kill {kill}: neither the old list: {old}\nnor the new one: {new}"
        );
        ensure!(!(midway && new.is_none()), "kill {kill}: half a list was taken for a whole one");
        if said["refreshing"] == false && !midway {
            ensure!(new.is_none(), "kill {kill}: what had been taken over is lost");
        }
        if new.is_none() {
            (good, taken_over) = (next, taken_over + 1);
        } else {
            kept += 1;
        }
    }
    // It goes on working.
    server.revise(Revision { rename: 300, ..Revision::number(99) });
    let mut catalogue = Catalogue::of(&relais);
    let done = catalogue.refresh("home").await?;
    ensure!(done.error().is_none(), "{:?}", done.error());
    super::holds(&mut catalogue, &server.spec(), Form::M3u).await?;
    eprintln!(
        "{kept} times the old list was there, {taken_over} times the new one; {after:?} from last byte to done"
    );
    ensure!(kept >= KILLS / 2);
    // What was left half done is swept away, not kept for ever.
    let size = || -> u64 {
        let files = std::fs::read_dir(relais.data_dir()).into_iter().flatten().flatten();
        files.filter_map(|file| file.metadata().ok()).map(|file| file.len()).sum()
    };
    ensure!(size() < 400 << 20, "the database has {} MiB", size() >> 20);
    Ok(())
}
