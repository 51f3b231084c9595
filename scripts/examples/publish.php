<?php
// Publishes one message to halley: php publish.php CHANNEL JSON
$server = getenv('HALLEY') ?: 'http://localhost:8081';
$key = getenv('HALLEY_KEY'); // where the internal listener asks for one

function publish(string $channel, mixed $data, ?string $dedup = null): int
{
    global $server, $key;
    $message = ['channel' => $channel, 'data' => $data];
    if ($dedup !== null) {
        $message['dedup'] = $dedup; // may be sent again after a time-out, and is published once
    }
    $header = ['Content-Type: application/json'];
    if ($key) {
        $header[] = "Authorization: Bearer $key";
    }
    $answer = file_get_contents("$server/publish", false, stream_context_create(['http' => [
        'method' => 'POST', 'header' => $header, 'content' => json_encode($message, JSON_THROW_ON_ERROR),
        'timeout' => 5, 'ignore_errors' => true, // an answer of 400 and more has a reason in it
    ]]));
    if ($answer === false) {
        throw new RuntimeException('no answer from halley');
    }
    $answer = json_decode($answer, true, 512, JSON_THROW_ON_ERROR);
    return $answer['published'] ?? throw new RuntimeException($answer['error']);
}

echo publish($argv[1], json_decode($argv[2], false, 512, JSON_THROW_ON_ERROR)), "\n";
