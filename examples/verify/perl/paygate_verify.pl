use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use File::Temp;
use JSON::PP;
use MIME::Base64 qw(decode_base64);

# Checks a Paygate-Assertion and returns its claims, or dies. Perl 5.14 or later and the program openssl; all modules are Perl's own.
#
# $key_file is the path of Paygate's public key in PEM; $target is path and query as they were sent, $ENV{REQUEST_URI}; $body is
# the raw body, or undef if a module has read it; $now is time(); $typ is 'paygate-event+jwt' where the service hears what
# happened later, else nothing.
sub paygate_verify {
    my ($key_file, $audience, $method, $target, $body, $assertion, $now, $typ) = @_;
    my @parts = split /\./, $assertion, -1;
    my ($head, $payload, $signature) = map { tr{-_}{+/}r } @parts;
    # The key decides how it is used, never the token: whatever its header claims, this is RSA with SHA-256.
    my @files = map { my $file = File::Temp->new; binmode $file; print $file $_; close $file; $file } decode_base64($signature // ''), "$parts[0].$parts[1]";
    my @openssl = (qw(openssl dgst -sha256 -out /dev/null -verify), $key_file, '-signature', map { $_->filename } @files);
    die "Paygate-Assertion: signature\n" if @parts != 3 || system(@openssl) != 0;
    my ($header, $claims) = map { decode_json(decode_base64($_)) } $head, $payload;
    my $query = $claims->{htq} eq '' ? '' : "?$claims->{htq}";
    die "Paygate-Assertion: alg\n" if $header->{alg} ne 'RS256';
    die "Paygate-Assertion: typ\n" if $header->{typ} ne ($typ // 'paygate-release+jwt');
    die "Paygate-Assertion: aud\n" if $claims->{aud} ne $audience;
    die "Paygate-Assertion: exp\n" if $now > $claims->{exp} + 60;
    die "Paygate-Assertion: iat\n" if $now < $claims->{iat} - 60;
    die "Paygate-Assertion: htm\n" if $claims->{htm} ne $method;
    die "Paygate-Assertion: htp\n" if $claims->{htp} . $query ne $target;
    die "Paygate-Assertion: body_sha256\n" if defined $body && $claims->{body_sha256} ne sha256_hex($body);
    die "Paygate-Assertion: pay.state\n" if ($typ // '') ne 'paygate-event+jwt' && $claims->{pay}{state} !~ /\A(?:success|capturable)\z/;
    return $claims;
}

1;
