// Package deploytests is a module of its own for the tests of the deployments in examples: the Helm chart is rendered
// by Helm and decoded into the types of Kubernetes, the files for Compose are read by the library of docker compose,
// and those for ECS by the AWS SDK. So nothing else has to compile these libraries.
package deploytests
