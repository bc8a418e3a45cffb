// The console's page: it looks at the server's state about twice a second, and each part of the page
// shows what is its own.

import { show as showAlarms } from "/console/alarms.js";
import { show as showFaults } from "/console/faults.js";
import { forget, show as showFeed } from "/console/feed.js";
import { show as showFunctions } from "/console/functions.js";
import { show as showLife } from "/console/life.js";
import { show as showPlayers } from "/console/players.js";
import { show as showScript } from "/console/script.js";
import { watch } from "/console/server.js";
import { show as showTop } from "/console/top.js";

const parts = [showTop, showPlayers, showLife, showFaults, showFunctions, showFeed, showAlarms, showScript];

watch((state) => parts.forEach((show) => show(state)), forget);
