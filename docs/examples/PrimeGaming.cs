using System;
using System.IO;
using System.Text;
using Newtonsoft.Json;
using Newtonsoft.Json.Linq;
using UnityEngine;
using UnityEngine.Networking;

public sealed class PrimeGaming : MonoBehaviour
{
    const string ReturnTo = "mygame://prime"; // put `mygame:` into LinkReturnOrigins
    [SerializeField] string api = "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com";

    /// The player's JWT of your account system, valid at every call.
    public Func<string> PlayerToken;
    /// Grants content once per id: a second call with the same id changes nothing. It must save id
    /// and content TOGETHER before it returns, and throw if it could not.
    public Func<string, JToken, Awaitable> GrantOnce;

    public event Action<string> LinkChanged;  // linked, unlinked, relink_required
    public event Action<string, string> Held; // entitlement id, reason: "contact support"
    public event Action<string> LinkFailed;   // a code such as access_denied: explain it, offer linking again

    // Static, because `absoluteURL` keeps the address that opened the game, and each reload of the
    // scene makes a new object.
    static bool sawOpeningLink;
    bool running, again;

    void Start()
    {
        Application.deepLinkActivated += OnDeepLink;
        if (!sawOpeningLink && !string.IsNullOrEmpty(Application.absoluteURL)) Hear(Application.absoluteURL);
        sawOpeningLink = true;
        Check();
    }

    void OnDestroy() => Application.deepLinkActivated -= OnDeepLink;
    void OnApplicationFocus(bool focus) { if (focus && didStart) Check(); }

    /// Call it also when the store opens. Do not call it on a timer: Amazon asks games not to.
    public async void Check()
    {
        again = true;
        if (running) return;
        running = true;
        try { while (again) { again = false; await CheckOnce(); } }
        catch (OperationCanceledException) { }                 // the object is gone
        catch (Exception error) { Debug.LogException(error); } // the next check tries again
        finally { running = false; }
    }

    /// For the button "Link Amazon account", also after relink_required.
    public async Awaitable Link()
    {
        var session = await Call("POST", "/v1/link/sessions", new JObject { ["return_to"] = ReturnTo });
        Application.OpenURL((string)session["start_url"]);
    }

    void OnDeepLink(string url) { if (Hear(url)) Check(); }

    /// Any app can open this address: it is a hint to check, never a proof of a link.
    bool Hear(string url)
    {
        if (!url.StartsWith(ReturnTo, StringComparison.OrdinalIgnoreCase)) return false;
        var at = url.IndexOf("error=", StringComparison.Ordinal);
        if (at >= 0) LinkFailed?.Invoke(url.Substring(at + 6).Split('&', '#')[0]);
        return true;
    }

    async Awaitable CheckOnce()
    {
        var answer = await Call("POST", "/v1/entitlements/check");
        var confirmed = 0;
        LinkChanged?.Invoke((string)answer["link"]);
        foreach (var one in answer["entitlements"])
        {
            var (id, status) = ((string)one["entitlement_id"], (string)one["status"]);
            if (status == "held") Held?.Invoke(id, (string)one["reason"]);
            if (status != "pending") continue; // `delivered`: the player has it, and the service reports it
            try
            {
                await GrantOnce(id, one["content"]);
                if (await Confirm(id)) confirmed++;
            }
            catch (Exception error) when (!(error is OperationCanceledException))
            {
                Debug.LogException(error); // it stays pending, and the others go on
            }
        }
        // An answer has at most 50 entitlements: each confirmation makes room for another one.
        if ((bool?)answer["more"] == true && confirmed > 0) again = true;
    }

    /// Call it only after GrantOnce: a confirmed entitlement is never handed out again.
    async Awaitable<bool> Confirm(string id)
    {
        var body = new JObject { ["entitlement_ids"] = new JArray(id) };
        for (var attempt = 0; attempt < 3; attempt++)
        {
            var answer = await Call("POST", "/v1/fulfillments", body);
            if ((string)answer["results"][0]["status"] != "pending") return true;
            await Wait(1 << attempt); // the service could not store it: confirm again
        }
        return false; // the next check hands it out again
    }

    async Awaitable<JObject> Call(string method, string path, JObject body = null)
    {
        for (var attempt = 0; ; attempt++)
        {
            int wait;
            using (var request = new UnityWebRequest(api + path, method) { timeout = 30 })
            {
                request.downloadHandler = new DownloadHandlerBuffer();
                if (body != null) request.uploadHandler =
                    new UploadHandlerRaw(Encoding.UTF8.GetBytes(body.ToString(Formatting.None)));
                request.SetRequestHeader("Content-Type", "application/json");
                request.SetRequestHeader("Authorization", "Bearer " + PlayerToken());
                await Awaitable.FromAsyncOperation(request.SendWebRequest(), destroyCancellationToken);

                var (status, text) = (request.responseCode, request.downloadHandler.text);
                if (status >= 200 && status < 300) return Parse(text);
                // No answer (0), throttled, or unavailable: it is safe to repeat every call here.
                var passing = status == 0 || status == 429 || status >= 500;
                if (!int.TryParse(request.GetResponseHeader("Retry-After"), out wait)) wait = 1 << attempt;
                if (!passing || attempt == 3 || wait > 10) throw new Exception($"{path}: {status} {text}");
            }
            await Wait(wait);
        }
    }

    /// Not JObject.Parse: it turns each string of the content that looks like a date into a date.
    static JObject Parse(string text)
    {
        using (var reader = new JsonTextReader(new StringReader(text)) { DateParseHandling = DateParseHandling.None })
            return JObject.Load(reader);
    }

    async Awaitable Wait(float seconds)
    {
        // WaitForSecondsAsync would stop while the game is paused.
        var end = Time.realtimeSinceStartup + seconds;
        while (Time.realtimeSinceStartup < end) await Awaitable.NextFrameAsync(destroyCancellationToken);
    }
}
