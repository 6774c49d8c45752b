from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix, Note, Project, Unknown
from gatekeeper.links import production_of
from gatekeeper.links.chained_images import chain_of
from gatekeeper.models.pipeline import Job
from gatekeeper.rule import Answer, rule


def _builds(job: Job, project: Project) -> bool:
    return production_of(job, project) is not None and chain_of(job).builds


@rule(
    "pipeline-image-scanned-is-deployed",
    gate="security-scan",
    severity="medium",
    seed="3.1 Pipeline Stages; 3.3 Quality Gates: Security scan no critical issues",
    where=_builds,
)
def scanned_is_deployed(job: Job, project: Project) -> Iterator[Answer]:
    """The image that is scanned is the one that is built and deployed.

    A scan of the source says nothing of the packages of the base image, a scan of `shop:latest` nothing of
    `shop:3f2a`, and a scan behind the deployment comes too late. Compared are the names of the images that the steps
    before the deployment build, push and scan, and what it deploys: with variables and outputs followed, `docker tag`
    and copies between registries counted as the same image, and a digest of the build step as that build. A scan after
    the push and before the deployment counts.

    What a name comes to only at run time is UNKNOWN; so is an image that is scanned and then built a second time to be
    pushed. Judged are pipelines that build an image and deploy to production.

    Bad, another tag:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: docker build -t ghcr.io/acme/shop:${{ github.sha }} .
          - run: docker push ghcr.io/acme/shop:${{ github.sha }}
          # expect: ghcr.io/acme/shop:latest is scanned
          - uses: aquasecurity/trivy-action@0.28.0
            with: {image-ref: "ghcr.io/acme/shop:latest", exit-code: "1"}
          - run: kubectl set image deployment/shop shop=ghcr.io/acme/shop:${{ github.sha }}
    ```

    Bad, none is scanned:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: npm audit
          # expect: no step scans
          - run: docker build -t ghcr.io/acme/shop:1 .
          - run: docker push ghcr.io/acme/shop:1
          - run: kubectl set image deployment/shop shop=ghcr.io/acme/shop:1
    ```

    Bad, too late:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: docker build -t acme/shop:$GITHUB_SHA . && docker push acme/shop:$GITHUB_SHA
          - run: kubectl set image deployment/shop shop=acme/shop:$GITHUB_SHA
          # expect: only after
          - run: trivy image --exit-code 1 acme/shop:$GITHUB_SHA
    ```

    Bad, Jenkins:
    ```groovy Jenkinsfile
    pipeline {
      agent any
      environment { IMAGE = 'registry.acme.dev/shop' }
      stages {
        stage('Build') {
          steps {
            sh 'docker build -t ${IMAGE}:${BUILD_NUMBER} .'
            sh 'docker push ${IMAGE}:${BUILD_NUMBER}'
          }
        }
        stage('Scan') {
          steps {
            // expect: registry.acme.dev/shop:latest is scanned
            sh 'trivy image --exit-code 1 ${IMAGE}:latest'
          }
        }
        stage('Deploy to production') {
          steps { sh 'kubectl set image deployment/shop shop=${IMAGE}:${BUILD_NUMBER}' }
        }
      }
    }
    ```

    Good, GitLab:
    ```yaml .gitlab-ci.yml
    stages: [build, scan, deploy]
    build:
      stage: build
      script:
        - docker build -t $CI_REGISTRY_IMAGE:$CI_COMMIT_SHA .
        - docker push $CI_REGISTRY_IMAGE:$CI_COMMIT_SHA
    scan:
      stage: scan
      script: trivy image --exit-code 1 $CI_REGISTRY_IMAGE:$CI_COMMIT_SHA
    deploy:
      stage: deploy
      environment: production
      script: kubectl set image deployment/shop shop=$CI_REGISTRY_IMAGE:$CI_COMMIT_SHA
    ```

    Good, through variables and outputs:
    ```yaml
    on: {push: {branches: [main]}}
    env:
      IMAGE: ghcr.io/acme/shop
    jobs:
      image:
        runs-on: ubuntu-latest
        outputs: {name: "${{ steps.build.outputs.image }}"}
        steps:
          - id: build
            run: |
              docker build -t "$IMAGE:$GITHUB_SHA" .
              docker push "$IMAGE:$GITHUB_SHA"
              echo "image=$IMAGE:$GITHUB_SHA" >> "$GITHUB_OUTPUT"
          - uses: aquasecurity/trivy-action@0.28.0
            with: {image-ref: "${{ env.IMAGE }}:${{ github.sha }}", exit-code: "1"}
      deploy:
        needs: image
        runs-on: ubuntu-latest
        environment: production
        steps:
          - uses: google-github-actions/deploy-cloudrun@v2
            with: {service: shop, image: "${{ needs.image.outputs.name }}"}
    ```

    Good, by the digest of the build:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - uses: docker/build-push-action@v6
            id: build
            with: {push: true, tags: "acme/shop:${{ github.sha }}"}
          - uses: aquasecurity/trivy-action@0.28.0
            with: {image-ref: "acme/shop@${{ steps.build.outputs.digest }}", exit-code: "1"}
          - run: kubectl set image deployment/shop shop=acme/shop@${{ steps.build.outputs.digest }}
    ```

    Good, tagged anew:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: docker build -t shop:ci .
          - run: grype shop:ci --fail-on high
          - run: |
              docker tag shop:ci acme/shop:$GITHUB_SHA
              docker push acme/shop:$GITHUB_SHA
          - run: flyctl deploy --image acme/shop:$GITHUB_SHA
    ```

    Unknown, a tag that is made at run time:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - run: docker build -t acme/shop:$(git describe) . && docker push acme/shop:$(git describe)
          - run: trivy image --exit-code 1 acme/shop:$VERSION
          - run: flyctl deploy --image acme/shop:$VERSION
    ```

    Unknown, built again after the scan:
    ```yaml
    on: {push: {branches: [main]}}
    jobs:
      deploy:
        runs-on: ubuntu-latest
        environment: production
        steps:
          - uses: docker/build-push-action@v6
            with: {load: true, tags: "acme/shop:test"}
          - run: trivy image --exit-code 1 acme/shop:test
          - uses: docker/build-push-action@v6
            with: {push: true, tags: "acme/shop:${{ github.sha }}"}
          - run: flyctl deploy --image acme/shop:$GITHUB_SHA
    ```
    """
    chain = chain_of(job)
    production = production_of(job, project)
    assert production is not None
    if chain.sure and production.certain:
        fix = Fix("scan the image by the name or digest that is pushed, before the deployment")
        yield Finding(chain.at, chain.words, tuple(Note(at, words) for at, words in chain.see), fix)
    elif chain.words:
        because = "" if production.certain else f"; held to be production because {production.why}"
        yield Unknown(chain.at, f"{chain.words}{because}")
