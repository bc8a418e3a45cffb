// What docs/examples/PrimeGaming.cs uses of Unity 6, with the same names and meanings, over plain
// .NET: so that a test can compile the example and run it against the local system.
using System;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.IO;
using System.Net;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Tasks;

namespace UnityEngine
{
    public sealed class SerializeField : Attribute { }

    public class MonoBehaviour
    {
        readonly CancellationTokenSource destroyed = new CancellationTokenSource();
        public CancellationToken destroyCancellationToken => destroyed.Token;
        public bool didStart { get; private set; }

        public void TestStart() { TestSend("Start"); didStart = true; }
        public void TestDestroy() { TestSend("OnDestroy"); destroyed.Cancel(); }

        // Unity calls these private methods by their names.
        public void TestSend(string message, params object[] with) =>
            GetType().GetMethod(message, Test.Private).Invoke(this, with);
    }

    public static class Application
    {
        public static string absoluteURL { get; private set; } = "";
        public static event Action<string> deepLinkActivated;
        public static void OpenURL(string url) => Console.WriteLine("browser " + url);

        public static int TestListeners => deepLinkActivated?.GetInvocationList().Length ?? 0;
        public static void TestOpenedBy(string url) => absoluteURL = url;
        public static void TestDeepLink(string url) { absoluteURL = url; deepLinkActivated?.Invoke(url); }
    }

    public static class Debug
    {
        public static void LogException(Exception error) => Console.WriteLine("error " + error.Message);
    }

    public static class Time
    {
        static readonly Stopwatch clock = Stopwatch.StartNew();
        public static float realtimeSinceStartup => (float)clock.Elapsed.TotalSeconds;
    }

    public class AsyncOperation { public Task TestDone = Task.CompletedTask; }

    [AsyncMethodBuilder(typeof(AwaitableBuilder))]
    public class Awaitable
    {
        public Task Done = Task.CompletedTask;
        public TaskAwaiter GetAwaiter() => Done.GetAwaiter();

        public static Awaitable FromAsyncOperation(AsyncOperation operation, CancellationToken cancel) =>
            new Awaitable { Done = operation.TestDone.ContinueWith(_ => cancel.ThrowIfCancellationRequested()) };
        public static Awaitable NextFrameAsync(CancellationToken cancel) =>
            new Awaitable { Done = Task.Delay(1, cancel) };
    }

    [AsyncMethodBuilder(typeof(AwaitableBuilder<>))]
    public class Awaitable<T>
    {
        public Task<T> Done;
        public TaskAwaiter<T> GetAwaiter() => Done.GetAwaiter();
    }

    public struct AwaitableBuilder
    {
        AsyncTaskMethodBuilder inner;
        public static AwaitableBuilder Create() => new AwaitableBuilder { inner = AsyncTaskMethodBuilder.Create() };
        public Awaitable Task => new Awaitable { Done = inner.Task };
        public void Start<S>(ref S machine) where S : IAsyncStateMachine => inner.Start(ref machine);
        public void SetStateMachine(IAsyncStateMachine machine) => inner.SetStateMachine(machine);
        public void SetResult() => inner.SetResult();
        public void SetException(Exception error) => inner.SetException(error);
        public void AwaitOnCompleted<A, S>(ref A awaiter, ref S machine)
            where A : INotifyCompletion where S : IAsyncStateMachine => inner.AwaitOnCompleted(ref awaiter, ref machine);
        public void AwaitUnsafeOnCompleted<A, S>(ref A awaiter, ref S machine)
            where A : ICriticalNotifyCompletion where S : IAsyncStateMachine =>
            inner.AwaitUnsafeOnCompleted(ref awaiter, ref machine);
    }

    public struct AwaitableBuilder<T>
    {
        AsyncTaskMethodBuilder<T> inner;
        public static AwaitableBuilder<T> Create() =>
            new AwaitableBuilder<T> { inner = AsyncTaskMethodBuilder<T>.Create() };
        public Awaitable<T> Task => new Awaitable<T> { Done = inner.Task };
        public void Start<S>(ref S machine) where S : IAsyncStateMachine => inner.Start(ref machine);
        public void SetStateMachine(IAsyncStateMachine machine) => inner.SetStateMachine(machine);
        public void SetResult(T result) => inner.SetResult(result);
        public void SetException(Exception error) => inner.SetException(error);
        public void AwaitOnCompleted<A, S>(ref A awaiter, ref S machine)
            where A : INotifyCompletion where S : IAsyncStateMachine => inner.AwaitOnCompleted(ref awaiter, ref machine);
        public void AwaitUnsafeOnCompleted<A, S>(ref A awaiter, ref S machine)
            where A : ICriticalNotifyCompletion where S : IAsyncStateMachine =>
            inner.AwaitUnsafeOnCompleted(ref awaiter, ref machine);
    }

    /// One thread runs everything, as in Unity: what is awaited goes on there.
    public sealed class Test : SynchronizationContext
    {
        public const System.Reflection.BindingFlags Private =
            System.Reflection.BindingFlags.Instance | System.Reflection.BindingFlags.NonPublic;
        readonly BlockingCollection<Action> queue = new BlockingCollection<Action>();
        public override void Post(SendOrPostCallback callback, object state) => queue.Add(() => callback(state));
        public void RunUntil(Func<bool> idle) { while (!idle()) queue.Take()(); }
    }
}

namespace UnityEngine.Networking
{
    public class DownloadHandlerBuffer { public string text = ""; }

    public class UploadHandlerRaw
    {
        public readonly byte[] TestBody;
        public UploadHandlerRaw(byte[] body) { TestBody = body; }
    }

    public sealed class UnityWebRequest : IDisposable
    {
        readonly HttpWebRequest request;
        WebHeaderCollection headers = new WebHeaderCollection();
        public DownloadHandlerBuffer downloadHandler;
        public UploadHandlerRaw uploadHandler;
        public int timeout;
        public long responseCode;

        public UnityWebRequest(string url, string method)
        {
            request = (HttpWebRequest)WebRequest.Create(url);
            request.Method = method;
        }

        public void SetRequestHeader(string name, string value)
        {
            if (name == "Content-Type") request.ContentType = value;
            else request.Headers[name] = value;
        }

        public string GetResponseHeader(string name) => headers[name];
        public AsyncOperation SendWebRequest() => new AsyncOperation { TestDone = Task.Run((Action)Send) };
        public void Dispose() { }

        // No answer is no exception: the code stays 0.
        void Send()
        {
            try
            {
                request.Timeout = timeout * 1000;
                request.ContentLength = uploadHandler?.TestBody.Length ?? 0;
                if (uploadHandler != null)
                    using (var body = request.GetRequestStream())
                        body.Write(uploadHandler.TestBody, 0, uploadHandler.TestBody.Length);
                Read((HttpWebResponse)request.GetResponse());
            }
            catch (WebException error) when (error.Response != null) { Read((HttpWebResponse)error.Response); }
            catch (WebException) { }
        }

        void Read(HttpWebResponse response)
        {
            using (response)
            {
                headers = response.Headers;
                downloadHandler.text = new StreamReader(response.GetResponseStream()).ReadToEnd();
                responseCode = (long)response.StatusCode;
            }
        }
    }
}
