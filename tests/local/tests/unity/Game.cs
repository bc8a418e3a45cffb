// A game around docs/examples/PrimeGaming.cs. Each line on standard input is a command; what happens
// is written as lines, and after each command, once the component is at rest, `done`.
using System;
using System.Threading;
using Newtonsoft.Json;
using UnityEngine;

static class Game
{
    static PrimeGaming component;

    static void Main()
    {
        Console.Out.Flush();
        var test = new Test();
        SynchronizationContext.SetSynchronizationContext(test);
        var running = typeof(PrimeGaming).GetField("running", Test.Private);
        for (string line; (line = Console.ReadLine()) != null;)
        {
            var words = line.Split(new[] { ' ' }, 2);
            var linking = Do(words[0], words.Length > 1 ? words[1] : "");
            test.RunUntil(() => linking.Done.IsCompleted && !(component != null && (bool)running.GetValue(component)));
            Console.WriteLine("done");
        }
    }

    static Awaitable Do(string command, string with)
    {
        switch (command)
        {
            case "opened-by": Application.TestOpenedBy(with); break;
            case "scene": component?.TestDestroy(); component = Load(); break;
            case "focus": component.TestSend("OnApplicationFocus", true); break;
            case "deep-link": Application.TestDeepLink(with); break;
            case "listeners": Console.WriteLine("listeners " + Application.TestListeners); break;
            case "link": return component.Link();
            default: throw new ArgumentException(command);
        }
        return new Awaitable();
    }

    static PrimeGaming Load()
    {
        var loaded = new PrimeGaming { PlayerToken = () => Environment.GetEnvironmentVariable("PLAYER") };
        typeof(PrimeGaming).GetField("api", Test.Private).SetValue(loaded, Environment.GetEnvironmentVariable("API"));
        loaded.GrantOnce = (id, content) =>
        {
            Console.WriteLine("grant " + id + " " + content.ToString(Formatting.None));
            return new Awaitable();
        };
        loaded.LinkChanged += status => Console.WriteLine("link " + status);
        loaded.LinkFailed += code => Console.WriteLine("failed " + code);
        loaded.Held += (id, reason) => Console.WriteLine("held " + id + " " + reason);
        loaded.TestStart();
        return loaded;
    }
}
