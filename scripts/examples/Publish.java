import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;

/** Publishes one message to halley: java Publish.java CHANNEL JSON */
public class Publish {
    static final String SERVER = System.getenv().getOrDefault("HALLEY", "http://localhost:8081");
    static final String KEY = System.getenv("HALLEY_KEY"); // where the internal listener asks for one
    static final HttpClient CLIENT = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();

    /** The answer is {"published":1}. data is JSON; a library such as Jackson writes it. */
    static String publish(String channel, String data) throws IOException, InterruptedException {
        String message = "{\"channel\":\"" + channel + "\",\"data\":" + data + "}";
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(SERVER + "/publish"))
            .timeout(Duration.ofSeconds(5))
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(message));
        if (KEY != null) {
            request.header("Authorization", "Bearer " + KEY);
        }
        HttpResponse<String> response = CLIENT.send(request.build(), HttpResponse.BodyHandlers.ofString());
        if (response.statusCode() != 200) {
            throw new IOException("halley answers " + response.statusCode() + " " + response.body());
        }
        return response.body();
    }

    public static void main(String[] args) throws Exception {
        System.out.println(publish(args[0], args[1]));
    }
}
