//! English.

use super::{Both, Sentences};

pub(super) const SENTENCES: Sentences = Sentences {
    language: "en",
    relink_needed: Both {
        waits: "To get this reward, please link the Amazon account with which you claimed it, and then open the game again.",
        has_it: "You have this reward, but Amazon does not know that yet. Please link once more the Amazon account with which you claimed it, so that we can tell Amazon.",
    },
    waits_for_check: "Please open the game. It then looks for your rewards, and this one should arrive shortly afterwards.",
    waits_for_confirmation: "We have passed this reward on to the game. If you do not see it yet, please close the game, open it again and wait a few minutes.",
    webhook_failing: "We could not give you this reward yet, because something on our side is not working. We keep trying, and you do not need to do anything.",
    refused_by_studio: "The game did not accept this reward for your player. Our team has to look at that, and you do not need to do anything.",
    offer_missing: "Amazon has told us of your reward, but it is not ready in the game yet. That is for us to do. Please open the game again later.",
    amazon_failing: Both {
        waits: "We can't ask Amazon about your reward at the moment. Please open the game again in a little while.",
        has_it: "You have this reward. We still have to tell Amazon so, and can't reach Amazon properly at the moment. We keep trying, and you do not need to do anything.",
    },
    amazon_refuses: "You have this reward. Amazon does not accept our message about it yet. We keep trying, and you do not need to do anything.",
    withdrawn: "Amazon tells us that this reward should no longer be given out. If you think that this is a mistake, please ask Amazon's customer service.",
    unknown_instruction: Both {
        waits: "Amazon has sent us a message about this reward that our system does not understand yet. We have to clear that up with Amazon, and you do not need to do anything.",
        has_it: "You have this reward. Amazon has sent us a message about it that our system does not understand yet. We have to clear that up with Amazon, and you do not need to do anything.",
    },
    delivery_due: "Your reward is on its way. It should arrive within a few minutes.",
    report_due: "You have this reward. We still have to tell Amazon so, and you do not need to do anything.",
    offer_paused: "We are not giving out this reward at the moment. It is not lost: please open the game again later.",
    operator_hold: "We are holding this reward back for now, because our team has to check something. You do not need to do anything.",
    intake_held: "We are not giving out any rewards at the moment, because we are working on our system. Yours is not lost: please open the game again later.",
    delivery_unknown: "We are not sure whether this reward has reached you. Please look in the game, and tell us whether you have it.",
    attention: Both {
        waits: "We have not been able to give you this reward for several days. Our team has to look at that, and you do not need to do anything.",
        has_it: "You have this reward. We have not been able to tell Amazon so for several days. Our team has to look at that, and you do not need to do anything.",
    },
    done: "You have received this reward, and nothing is left to do. If you do not find it in the game, please tell us.",
    used_up: "Each player can get this reward only a certain number of times, and your player has reached that number.",
    shown_to_other_player: "This reward belongs to another player of the game. If that is a player of yours, too, please tell us.",
};
