from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.pipeline.jenkins import JenkinsPipeline
from gatekeeper.rule import rule


@rule(
    "jenkins-unpinned-image",
    gate="workflow-security",
    severity="medium",
    seed="Best Practices Checklist: Immutable Infrastructure",
    where=lambda pipeline: any(agent.image is not None for agent in pipeline.agents),
)
def unpinned_image(pipeline: JenkinsPipeline) -> Iterator[Finding]:
    """The images in which stages run name a version.

    `latest`, or no tag at all, is another image tomorrow: with it a stage fails that passed today, and whoever may push
    the image runs his code with the pipeline's credentials. A digest cannot be moved; a tag with a version is accepted.

    Bad:
    ```groovy
    pipeline {
        // expect: maven:latest
        agent { docker { image 'maven:latest' } }
        stages {
            stage('Test') {
                // expect: node is whatever latest is
                agent { docker 'node' }
                steps { sh 'npm test' }
            }
        }
    }
    ```

    Bad, scripted:
    ```groovy
    node {
        // expect: golang
        docker.image('golang').inside {
            sh 'go test ./...'
        }
    }
    ```

    Good:
    ```groovy
    pipeline {
        agent { docker { image 'maven:3.9.9-eclipse-temurin-21' } }
        stages {
            stage('Test') {
                agent { docker { image "registry.example.com/build:${env.BUILD_IMAGE}" } }
                steps { sh 'mvn test' }
            }
        }
    }
    ```
    """
    for agent in pipeline.agents:
        if agent.image is None or not agent.image.node.known:
            continue
        image = agent.image.node.text.strip()
        tag = image.rpartition("/")[2].partition(":")[2]
        if image and "@" not in image and tag in ("", "latest"):
            fix = Fix("name a version, best with its digest")
            yield Finding(agent.image.node, f"{image} is whatever latest is", (), fix)
