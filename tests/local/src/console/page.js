const answer = await fetch("/console/api/state?after=0", { headers: { "x-console": "1" } });
document.getElementById("state").textContent = JSON.stringify(await answer.json(), null, 2);
