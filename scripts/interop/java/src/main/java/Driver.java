import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.cometd.bayeux.Channel;
import org.cometd.bayeux.Message;
import org.cometd.bayeux.client.ClientSession;
import org.cometd.client.BayeuxClient;
import org.cometd.client.ext.BinaryExtension;
import org.cometd.client.http.jetty.JettyHttpClientTransport;
import org.cometd.client.transport.ClientTransport;
import org.cometd.bayeux.BinaryData;
import org.eclipse.jetty.client.HttpClient;

/** CometD's Java client, driven by lines of JSON; see ../../../../run.mjs. */
public class Driver {
  private static BayeuxClient client;
  private static final Map<String, Object> wanted = new HashMap<>();

  public static void main(String[] args) throws Exception {
    String url = args[0];
    HttpClient http = new HttpClient();
    http.start();
    ClientTransport transport = args[1].equals("websocket") ? webSocket(args[2]) : new JettyHttpClientTransport(null, http);
    client = new BayeuxClient(url + "/cometd", transport);
    client.addExtension(new BinaryExtension());
    client.addExtension(new ClientSession.Extension() {
      @Override
      public boolean sendMeta(ClientSession session, Message.Mutable message) {
        Object replay = wanted.get(message.get(Message.SUBSCRIPTION_FIELD));
        if (Channel.META_SUBSCRIBE.equals(message.getChannel()) && replay != null) {
          message.getExt(true).put("replay", replay);
        }
        return true;
      }
    });
    client.getChannel(Channel.META_HANDSHAKE).addListener((org.cometd.bayeux.client.ClientSessionChannel.MessageListener) (channel, message) -> {
      if (message.isSuccessful()) {
        synchronized (wanted) { // nothing is subscribed twice that is wanted meanwhile
          say("{\"open\":true}");
          wanted.keySet().forEach(Driver::subscribe);
        }
      }
    });
    client.handshake();
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
    for (String line; (line = in.readLine()) != null; ) {
      String channel = field(line, "on");
      switch (field(line, "do")) {
        case "subscribe":
          String replay = field(line, "replay");
          synchronized (wanted) {
            wanted.put(channel, replay == null ? null : Long.valueOf(replay));
            subscribe(channel);
          }
          break;
        case "publish":
          client.getChannel(channel).publish(Long.valueOf(field(line, "data")));
          break;
        case "bytes":
          byte[] bytes = new byte[256];
          for (int i = 0; i < bytes.length; i++) bytes[i] = (byte)i;
          client.getChannel(channel).publish(new BinaryData(ByteBuffer.wrap(bytes), true, null));
          break;
      }
    }
    System.exit(0);
  }

  private static void subscribe(String channel) {
    client.getChannel(channel).subscribe((c, message) -> {
      Object data = message.getData();
      if (data instanceof BinaryData) {
        byte[] bytes = ((BinaryData)data).asBytes();
        boolean same = bytes.length == 256;
        for (int i = 0; same && i < 256; i++) same = bytes[i] == (byte)i;
        data = same ? "\"bytes\"" : "\"other bytes\"";
      } else {
        data = data instanceof Number ? data : "\"" + (data instanceof String ? ((String)data).length() : data) + "\"";
      }
      say("{\"event\":" + data + "}");
    }, reply -> say(reply.isSuccessful() ? "{\"subscribed\":true}" : "{\"error\":\"" + reply.get("error") + "\"}"));
  }

  private static ClientTransport webSocket(String ee) throws Exception {
    Class<?> type = Class.forName(ee + ".websocket.WebSocketContainer");
    Object container = Class.forName(ee + ".websocket.ContainerProvider").getMethod("getWebSocketContainer").invoke(null);
    ScheduledExecutorService scheduler = Executors.newSingleThreadScheduledExecutor();
    return (ClientTransport)Class.forName("org.cometd.client.websocket." + ee + ".WebSocketTransport")
      .getConstructor(Map.class, ScheduledExecutorService.class, type).newInstance(null, scheduler, container);
  }

  /** A field of a command: a number, or a text without escapes. */
  private static String field(String line, String name) {
    Matcher m = Pattern.compile("\"" + name + "\":\"?([^\",}]*)").matcher(line);
    return m.find() ? m.group(1) : null;
  }

  private static synchronized void say(String line) {
    System.out.println(line);
  }
}
