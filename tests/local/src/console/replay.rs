//! Plays a script again.

use super::{Action, Console, Lamps};
use crate::Error;

impl Console {
    /// Carries out these actions, and says each when it is done. Gives the lamps at the end.
    ///
    /// # Errors
    /// The first action that is refused.
    pub async fn replay(
        &self,
        actions: Vec<Action>,
        mut say: impl FnMut(&str),
    ) -> Result<Lamps, Error> {
        for (number, action) in (1..).zip(actions) {
            let said = self.act(action).await;
            let said = said.map_err(|why| format!("action {number} was refused: {why}"))?;
            say(&said);
        }
        Ok(self.lamps())
    }
}
